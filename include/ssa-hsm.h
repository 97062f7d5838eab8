// ssa-hsm: keys of Autodesk Platform Services secure service accounts, kept in PKCS#11 tokens.
//
// This is what another program may use; the program ssa-hsm itself uses nothing else. Nothing here prints or
// keeps global state: questions and progress go through callbacks, results are returned. A search for a
// PKCS#11 token starts child processes that load the modules (by fork without exec), and pinentry is a child
// process, too. So a program with threads should name the module, and give the PIN by callback.
//
// Only one thread at a time may call functions that take a struct ssa_run, and a callback must not call them.
// Such a call fails at once (SSA_USAGE) while another thread uses a PKCS#11 token or a callback is running.
// Several processes may work at the same time.
#ifndef SSA_HSM_H
#define SSA_HSM_H

#include <stdbool.h>
#include <stddef.h>

#include "ssa-hsm-reason.h"

#ifdef __cplusplus
extern "C" {
#endif

// Errors

// What kind of failure it is. The value is the program's exit code, unless struct ssa_ending says how it
// ended (12 and 13).
enum ssa_class {
    SSA_OK = 0,
    SSA_UNEXPECTED = 1,  // none of those below
    SSA_USAGE = 2,       // the command line is wrong
    SSA_CONFIG = 3,      // a setting, a profile or a file is wrong
    SSA_ABSENT = 4,      // the module or the PKCS#11 token is not there
    SSA_PIN = 5,         // the PIN is wrong, locked or not available
    SSA_KEY_MISSING = 6, // the key is not on the PKCS#11 token
    SSA_TOKEN = 7,       // the PKCS#11 token failed
    SSA_NETWORK = 8,     // the network, TLS or the server failed, or the answer is unusable
    SSA_CREDENTIALS = 9, // the client id or secret was refused
    SSA_REFUSED = 10,    // the API refused the request
    SSA_RATE_LIMIT = 11, // the rate limit lasts longer than there was time to wait
};

// What kind of number the error has.
enum ssa_domain {
    SSA_DOMAIN_NONE,
    SSA_DOMAIN_ERRNO,
    SSA_DOMAIN_PKCS11, // a CK_RV
    SSA_DOMAIN_CURL,   // a CURLcode
    SSA_DOMAIN_HTTP,   // a status code
};

#define SSA_ERROR_TEXT_MAX 1024

// Every function that fails fills this. All text is NUL-terminated and harmless to a terminal.
struct ssa_error {
    enum ssa_class code;
    enum ssa_reason reason;
    enum ssa_domain domain;
    unsigned long number; // 0 where there is none
    char what[512];       // what failed and why
    char cause[64];       // the number's name: CKR_PIN_INCORRECT, CURLE_COULDNT_CONNECT, HTTP 403; may be empty
    char subject[512];    // what it failed on: a PKCS#11 token, a host, a file; may be empty
    char detail[512];     // a name that goes with the reason: a file, an id; may be empty
    char hint[SSA_ERROR_TEXT_MAX]; // what to do next; may be empty
};

// Writes "subject: what (cause)", and the hint on a line of its own, to out. out has capacity bytes and is
// always NUL-terminated.
void ssa_error_text(const struct ssa_error *err, char *out, size_t capacity);

// How an operation ended

// What became of what an operation had made.
enum ssa_end {
    SSA_END_PLAIN,  // everything was done, or nothing was changed
    SSA_END_UNDONE, // it failed, and everything that it had made was removed again (exit code 12)
    SSA_END_LEFT,   // something that it made is left, or may be (exit code 13)
};

#define SSA_ENDING_LINES 4

// Every function that changes something in several steps fills this beside the error. It may be NULL. Each
// line is a sentence about what was removed again, or is left. Its reason, subject and detail are like those
// of an error.
struct ssa_ending {
    enum ssa_end how;
    size_t count; // of lines
    struct ssa_ending_line {
        enum ssa_reason reason;
        char text[384];
        char subject[128];
        char detail[1024];
    } lines[SSA_ENDING_LINES];
};

// Questions and progress

// SSA_PROGRESS tells a person who watches that work goes on, and why it takes so long.
enum ssa_level { SSA_DETAIL, SSA_NOTICE, SSA_WARNING, SSA_PROGRESS };

// Where a person can do something about it, reason says what it is, as in an error.
struct ssa_notice {
    const char *text; // one line, without a line break
    enum ssa_reason reason;
    const char *detail; // never NULL
};

struct ssa_event;

// Each function may be NULL: then there is nobody to ask or to tell, and nothing interrupts.
struct ssa_callbacks {
    void *context;
    // Asks a person for a secret, without echo. prompt is "PIN for token …" or "Client secret of …". Writes
    // at most capacity bytes to answer, which is locked memory, and their number to *len. Fails with SSA_PIN
    // or SSA_CONFIG when there is nobody to ask.
    bool (*ask_secret)(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err);
    // Asks a person to type yes. Any other answer means no.
    bool (*confirm)(void *context, const char *question);
    // Is told what is going on. May run on another thread while the caller's thread waits for a PKCS#11
    // token.
    void (*tell)(void *context, enum ssa_level level, const struct ssa_notice *notice);
    // True once the person wants to stop, for instance after a signal. What is under way is then finished or
    // undone.
    bool (*interrupted)(void *context);
    // Is told of an operation that is over, just before its entry goes into the audit trail (ssa_history),
    // which is locked meanwhile. event is borrowed. If the entry then cannot be written, it is told again
    // later: either unchanged, or with another sequence number and previous hash. The last one told counts.
    void (*recorded)(void *context, const struct ssa_event *event);
    // How many seconds reading a pipe (a FIFO, fd:N) to its end may take; 0 means 30.
    unsigned patience;
};

// Settings

struct ssa_settings;

// An empty set of settings, or NULL when there is no memory. ssa_settings_free wipes its secrets, and takes
// NULL.
struct ssa_settings *ssa_settings_new(void);
void ssa_settings_free(struct ssa_settings *settings);

// Sets one value as a command-line option would: it beats environment and profile. name is the name of its
// variable
// ("SSA_HSM_MODULE"). value is borrowed until the settings are freed. Fails with SSA_USAGE for an unknown
// name.
bool ssa_settings_option(struct ssa_settings *settings, const char *name, const char *value, struct ssa_error *err);

// Takes our variables from an environment (a NULL-terminated list of "NAME=value"). Call it once. With
// overwrite, secrets are copied to locked memory and then wiped where they were. That includes a variable
// that a reference env:NAME reads, also in a profile that is read later. The strings are borrowed until the
// settings are freed.
bool ssa_settings_environment(struct ssa_settings *settings, char **environment, bool overwrite, struct ssa_error *err);

// Reads a profile. name is a name, or a path if it has a slash; its values then beat the environment. NULL
// means the profile that SSA_HSM_PROFILE names, else "default" if that exists. With optional, a named profile
// need not exist, because it is about to be written; no other is read instead. callbacks (may be NULL) are
// told about a file with a secret that others can read. Call it after ssa_settings_environment. Called again,
// it replaces the profiles that were read before. Fails with SSA_CONFIG, or with SSA_USAGE where
// SSA_HSM_PROFILE is a list.
bool ssa_settings_profile(struct ssa_settings *settings, const char *name, bool optional,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err);

#define SSA_PROFILES_MAX 8

// Reads a list of profiles instead, for instance for two keys of one account on two PKCS#11 tokens. ssa_fetch
// and ssa_sign use the next profile, and warn, where the PKCS#11 token of one is absent, broken or locked, or
// lacks the key. All other functions use the first profile. A count of 0 means SSA_HSM_PROFILE, which may be
// a list of names separated by ":", else "default". All of them must exist and be valid; this is checked
// before any PKCS#11 token is used.
bool ssa_settings_profiles(struct ssa_settings *settings, const char *const *names, size_t count,
                           const struct ssa_callbacks *callbacks, struct ssa_error *err);

// The value that counts, by the name of its variable, or NULL. Of several profiles the first one counts. The
// value is borrowed until a profile is read again.
const char *ssa_settings_value(const struct ssa_settings *settings, const char *name);

// Whether a variable should be withheld from a program that is given an access token: the client secret,
// PRIVATE_KEY, SSA_HSM_…, and any variable that an env:NAME among the settings reads.
bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name);

// How a command runs

struct ssa_run {
    const struct ssa_settings *settings;
    struct ssa_callbacks callbacks;
    unsigned timeout;   // seconds for all answers of the API together, with waiting; 0 means 90
    bool insecure_http; // allows plain http, but only to a loopback address
    bool pin_retry;     // allows trying a stored PIN again after it failed
    bool overwrite;     // wipes a variable that env:NAME reads, once it was copied
};

// An access token

struct ssa_token_request {
    const char *scope; // separated by commas or spaces; NULL means SSA_HSM_SCOPE, else "data:read data:write"
    unsigned lifetime; // of the assertion: 1 to 300 seconds; 0 means 300
    bool not_before;   // adds the claim nbf
};

// Text in locked memory. ssa_text_free wipes it. len does not count the NUL at its end.
struct ssa_text {
    const char *text;
    size_t len;
    void *owner;
};
void ssa_text_free(struct ssa_text *text);

// What the API answered to the assertion.
struct ssa_grant {
    struct ssa_text json;  // the whole answer, indented
    struct ssa_text token; // the access token
};
void ssa_grant_free(struct ssa_grant *grant);

// Fetches an access token, with one login, one signature by the PKCS#11 token, and one request. A client
// secret on another PKCS#11 token costs a login there, too. The caller frees *grant. Of several profiles the
// next one is used where a PKCS#11 token fails (see ssa_settings_profiles), but not after a wrong PIN, and
// not where network, credentials, settings or the API fail. If all fail, the error is that of the last one.
bool ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
               struct ssa_error *err);

// Only signs the assertion (RFC 7523 section 3), and sends nothing. Uses several profiles in the same way.
bool ssa_sign(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *assertion,
              struct ssa_error *err);

// Gives header and claims, as they would be signed, as readable JSON. Uses no PKCS#11 token.
bool ssa_claims(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *json,
                struct ssa_error *err);

// Accounts and keys

// How a key gets into the PKCS#11 token. WRAP: encrypted, and decrypted by a key that the PKCS#11 token makes
// for it. PLAIN: as it is. AUTO: WRAP where a rehearsal with a throwaway key shows that the PKCS#11 token can
// do it, else PLAIN.
enum ssa_import_way { SSA_IMPORT_AUTO, SSA_IMPORT_PLAIN, SSA_IMPORT_WRAP };

// Where a new key and its profile go.
struct ssa_output {
    const char *profile; // its name or path; NULL means SSA_HSM_PROFILE, else "default"
    const char *file;    // a file instead of a profile; NULL for none
    bool replace;        // replaces a profile that exists
    bool show_secret;    // shows a literal client secret in the block that is returned
    const char *slot;    // of a card with slots ("9a"); NULL means the first free one
    bool replace_key;    // destroys a key that is in this slot, after a yes
    bool yes;            // is that yes
    bool rehearse;       // first shows by a throwaway key that the PKCS#11 token takes a key
    enum ssa_import_way import_way;
};

// What became of the file that an imported key came from.
enum ssa_file { SSA_FILE_NONE, SSA_FILE_LEFT, SSA_FILE_DESTROYED, SSA_FILE_REPLACED };

struct ssa_created {
    struct ssa_text block;       // the profile's six names and values
    char email[256];             // of the account, which must be given access
    char path[512];              // the profile that was written
    enum ssa_file file;          // of ssa_key_import; REPLACED: destroyed, and the profile was written in its place
    char key_path[512];          // a file of its own for the key, named by the block; then file tells about this one
    struct ssa_error file_error; // why the file is LEFT against the caller's wish; else its code is SSA_OK
};
void ssa_created_free(struct ssa_created *created);

// Makes a service account named FIRST-LAST and, unless without_key, its key, which goes into the PKCS#11
// token at once.
bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created, struct ssa_ending *ending,
                        struct ssa_error *err);

// Makes a new key for an account. account is its id or email; NULL means the settings' own.
bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// An existing key. file ("-" for standard input) holds either a block of six names, also under the names of
// other samples (APS_SA_…, SSA_…), or only a PEM. A PEM needs key_id and account (its id), and may have
// email. The key in a block may be base64 of its PEM.
struct ssa_import {
    const char *file, *key_id, *account, *email;
    bool shred; // overwrites and removes the file once its key is in the PKCS#11 token
};

// Puts an existing key into the PKCS#11 token. Sends nothing to the API.
bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// Delete an account or a key at the API. No PKCS#11 token is used.
bool ssa_account_delete(const struct ssa_run *run, const char *account, struct ssa_error *err);
bool ssa_key_delete(const struct ssa_run *run, const char *account, const char *key_id, struct ssa_error *err);

// Replacing the profile's key by a new one

struct ssa_rotation {
    const char *replace;      // the key to delete where an account has three already; NULL for none
    bool at_once;             // retires the old key at once
    long long grace;          // else not before so many seconds; 0: when ssa_rotation_finish is called
    struct ssa_output output; // only slot, yes (for replace), rehearse, import_way and show_secret count
};

struct ssa_rotated {
    struct ssa_created created; // only block and path; the path is empty where no profile named the key
    char old_key_id[128], new_key_id[128];
    bool resumed;          // an earlier rotation was completed, and nothing else was done
    struct ssa_error left; // why the old key could not be retired; its code is SSA_OK where it could
};
void ssa_rotated_free(struct ssa_rotated *rotated);

// Makes a new key for the settings' account, puts it into the PKCS#11 token and fetches an access token with
// it. Only then does it replace the old key in the profile, atomically. The old key works until it is
// retired: disabled and deleted at the API, and destroyed on its PKCS#11 token. It may be called again after
// it was ended at any point, and first completes or undoes what is left of the last time. On failure the
// profile stays as it was.
bool ssa_key_rotate(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                    struct ssa_ending *ending, struct ssa_error *err);

// Retires the old key of a rotation of the settings' account; with at_once also before its grace is over.
// old_key_id receives the key's id. Fails with SSA_CONFIG where no rotation waits for this.
bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128], struct ssa_ending *ending,
                         struct ssa_error *err);

// Describes what ssa_key_rotate would do, one step a line. Asks the API for the account's keys, and changes
// nothing.
bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err);

// The client secret on a PKCS#11 token

// Stores the client secret as a private data object on the PKCS#11 token that SSA_HSM_TOKEN, else
// PRIVATE_KEY, names, and reads it back to compare. The secret comes from the settings, or a person is asked.
// label NULL means "APS client secret CLIENT_ID". An object of that label with another secret makes it fail
// (SSA_CONFIG); with replace it is destroyed after the new one was checked. What an earlier call left is
// completed or undone first. *line becomes the setting that refers to the object:
// APS_SECRET_ID="pkcs11:…;type=data…". Fails with SSA_TOKEN where the PKCS#11 token fails or takes no such
// object, and nothing was written; it ends with SSA_END_LEFT where something is left, or may be, for
// ssa_recover.
bool ssa_secret_import(const struct ssa_run *run, const char *label, bool replace, struct ssa_text *line,
                       struct ssa_ending *ending, struct ssa_error *err);

// Destroys the data object that APS_SECRET_ID names, after a yes (from callbacks.confirm, or the argument).
// Fails with SSA_KEY_MISSING where it is not on the PKCS#11 token, and it ends with SSA_END_LEFT where it may
// still be there.
bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_ending *ending, struct ssa_error *err);

// Recovering from what was interrupted

struct ssa_recovery {
    const char *key_id; // the lost key, chosen by a person where it is not known; may be NULL
    bool forget;        // gives up an operation that cannot be completed or undone, whatever is left of it
};

// Completes or undoes each interrupted operation of the settings' client id and server. A key that is
// complete at the API and on the PKCS#11 token gets its profile; everything else is undone. Nothing is
// touched unless the operation provably made it. The result of each is told by callback. *found is the number
// of operations. Fails, and ends with SSA_END_LEFT, where one could not be completed or undone.
bool ssa_recover(const struct ssa_run *run, const struct ssa_recovery *how, size_t *found, struct ssa_ending *ending,
                 struct ssa_error *err);

// What there is, at the API and on PKCS#11 tokens

// A point in time in seconds since the epoch (UTC). It is not known where the API did not tell it.
struct ssa_time {
    bool known;
    long long seconds;
};

struct ssa_account {
    char id[128], email[256];
    char created_by[128]; // a client id
    char status[32];      // ENABLED, DISABLED, DEACTIVATED, or another word of the API
    struct ssa_time created, accessed, expires;
    bool own; // the settings name this one
};

// The caller frees it with ssa_accounts_free, which takes an empty one, too.
struct ssa_accounts {
    struct ssa_account *list;
    size_t count;
};
void ssa_accounts_free(struct ssa_accounts *accounts);

// Lists all accounts of the client id. This and the functions below fail with SSA_REFUSED or SSA_CREDENTIALS
// where the API refuses, and with SSA_NETWORK or SSA_RATE_LIMIT where it could not be asked.
bool ssa_account_list(const struct ssa_run *run, struct ssa_accounts *accounts, struct ssa_error *err);

// Shows one account. account is its id or email; NULL means the settings' own (SSA_CONFIG where they have
// none).
bool ssa_account_show(const struct ssa_run *run, const char *account, struct ssa_account *shown, struct ssa_error *err);

// Enables an account, also one that is DEACTIVATED, or disables it. While it is disabled, its keys cannot be
// managed and no access tokens be fetched. *after is the account as the API shows it then. *changed is false
// where the account already had that status, which is not a failure.
bool ssa_account_enable(const struct ssa_run *run, const char *account, bool enable, struct ssa_account *after,
                        bool *changed, struct ssa_error *err);

// Whether the private half is on a PKCS#11 token. UNSEEN: not known without a login.
enum ssa_private_half { SSA_PRIVATE_UNSEEN, SSA_PRIVATE_THERE, SSA_PRIVATE_MISSING };

// A PKCS#11 token that has a key.
struct ssa_place {
    char label[33], serial[17]; // of the PKCS#11 token
    char slot[4];               // on a card with slots ("9a"); else empty
    char *uri;                  // of the key, ready to paste as PRIVATE_KEY; empty where it would be too long
    char modulus_sha256[65];    // in hex; the same on every PKCS#11 token that has the key
    enum ssa_private_half private_half;
};

// A key of an account: at the API, on PKCS#11 tokens here, or both.
struct ssa_key {
    char id[128];
    char account[128], email[256]; // of the account; email is empty where it is not known
    bool at_api;                   // if false, the API does not know the key, and the next three are empty
    char status[32];               // ENABLED, DISABLED, or another word of the API
    struct ssa_time created, accessed;
    bool own;      // the settings name this one
    bool conflict; // PKCS#11 tokens have different keys under this id
    struct ssa_place *places;
    size_t place_count;
};

// The caller frees it with ssa_keys_free, which takes an empty one, too.
struct ssa_keys {
    struct ssa_key *list;
    size_t count;
};
void ssa_keys_free(struct ssa_keys *keys);

// Which keys to list.
struct ssa_keys_wanted {
    const char *account; // an id or email; NULL means the settings' own
    bool all;            // those of all accounts of the client id
    bool login;          // also looks for private halves, on the one PKCS#11 token that the settings name
};

// Lists the keys at the API together with those on PKCS#11 tokens. They are matched by KEY_ID, and between
// PKCS#11 tokens by modulus. It looks, without a login, at all PKCS#11 tokens of the configured modules, or
// of the one that the settings name, each module in a child process. A module that cannot be used is told
// (SSA_NOTICE), and is not a failure. Keys that are only on a PKCS#11 token are listed if they name the
// account.
//
// With all, the API is asked no faster than its rate limit allows. That waiting is told (SSA_PROGRESS) and
// does not count for run->timeout. The API may not list the keys of an account that is not enabled; such an
// account is left out, with a warning.
//
// Fails with SSA_CONFIG where no account is named and the settings have none, with SSA_USAGE for all together
// with an account, and with login as ssa_hsm_list does.
bool ssa_key_list(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, struct ssa_keys *keys,
                  struct ssa_error *err);

// Shows one key out of the same list. Fails with SSA_REFUSED where neither the API nor a PKCS#11 token knows
// it.
bool ssa_key_show(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                  struct ssa_keys *found, struct ssa_error *err);

// Enables or disables a key at the API. *changed is as in ssa_account_enable.
bool ssa_key_enable(const struct ssa_run *run, const char *account, const char *key_id, bool enable, bool *changed,
                    struct ssa_error *err);

struct ssa_attribute {
    const char *name; // "CKA_SENSITIVE"; static
    bool known, value;
    bool wanted;  // the value that it should have
    bool decided; // the value is not as wanted, because this kind of PKCS#11 token decides it
};

// Whether the key signs by raw RSA (CKM_RSA_X_509). Such a signature over a ciphertext decrypts it, whatever
// CKA_DECRYPT says.
enum ssa_raw_rsa { SSA_RAW_RSA_UNKNOWN, SSA_RAW_RSA_REFUSED, SSA_RAW_RSA_POSSIBLE };

// What ssa_key_verify found.
struct ssa_verified {
    char key_id[128], account[128], email[256];
    char token[512]; // the URI of the PKCS#11 token
    char modulus_sha256[65];
    unsigned bits;
    size_t attribute_count; // 0 where they could not be read
    struct ssa_attribute attributes[16];
    bool signature; // the signature over the challenge was verified
    // The names in CKA_ALLOWED_MECHANISMS. Where the PKCS#11 token does not tell them, or has none for this
    // key, the key may be used with any mechanism. They are not known where attribute_count is 0.
    bool mechanisms_known;
    size_t mechanism_count;
    char mechanisms[32][28];
    enum ssa_raw_rsa raw_rsa;
};

// Logs in to the PKCS#11 token of the settings' key, reads the key's attributes, lets it sign a challenge,
// and verifies the signature with the public half. Sends nothing to the API. Fails with SSA_TOKEN where the
// key is not as it must be, and with SSA_KEY_MISSING, SSA_PIN or SSA_ABSENT. *verified then holds what was
// found before the failure.
bool ssa_key_verify(const struct ssa_run *run, struct ssa_verified *verified, struct ssa_error *err);

// What the record contains beside what the PKCS#11 token tells.
struct ssa_evidence {
    const char *challenge; // of the auditor, at most SSA_CHALLENGE_MAX bytes of UTF-8; NULL for none
    bool ask_api;          // adds the API's view of the key: two requests, before the PIN is tried
};
#define SSA_CHALLENGE_MAX 512

// Does the same as ssa_key_verify, with a second signature, and writes a record of it as JSON: what was
// found, and all that is known of PKCS#11 token, module, key and import. The caller frees *json; it is there
// even after a failure if the attributes could be read. Its member "evidence" is a signature by the key over
// all other members, as a JWS (RFC 7515) that cannot serve as an assertion; it is null where the key is not
// as it must be. Fails with SSA_USAGE for an invalid challenge, and as the calls of the API do.
bool ssa_key_evidence(const struct ssa_run *run, const struct ssa_evidence *wanted, struct ssa_verified *verified,
                      struct ssa_text *json, struct ssa_error *err);

// One operation that is over. Texts are empty, and times unknown, where they do not apply.
struct ssa_event {
    const char *id;                  // of the entry
    long long sequence;              // from 1, without gaps
    const char *previous;            // the SHA-256 of the entry before, in hex
    const char *sha256;              // of this entry's file; empty where the file cannot be read
    const char *operation, *outcome; // "key create"; "done", "undone", "failed", "left", "unknown"
    const char *import;              // how its key came into the PKCS#11 token: "plain", "wrapped"; empty for no import
    struct ssa_time started, ended;
    long long uid;
    const char *client_id, *base_url, *account, *email, *key_id, *old_key_id, *token, *key_uri, *profile, *note;
};

// Shows the audit trail in this user's state folder, of all client ids and servers, oldest entry first. show
// borrows the event.
bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event), void *context,
                 struct ssa_error *err);

// The audit trail is a chain: each entry holds the SHA-256 of the file of the entry before.
struct ssa_chain {
    size_t count;
    char last[65]; // the SHA-256 of the last entry; a copy kept elsewhere shows whether the end was cut off
};

// Checks that the chain is unbroken. Fails with SSA_CONFIG, and names the first entry that is missing,
// changed or invalid.
bool ssa_history_verify(const struct ssa_run *run, struct ssa_chain *chain, struct ssa_error *err);

// Destroys keys on PKCS#11 tokens that the API no longer knows, if the audit trail tells that they were made
// for this client id and server. Each needs a yes (from callbacks.confirm, or the argument). *found is the
// number of such keys, *destroyed how many of them were destroyed.
bool ssa_key_prune(const struct ssa_run *run, bool yes, size_t *found, size_t *destroyed, struct ssa_error *err);

// PKCS#11 tokens

// One line of a listing.
struct ssa_listing {
    unsigned depth;     // 0 for a module, 1 for a PKCS#11 token, 2 for a key
    const char *uri;    // ready to paste; for a module its path
    const char *label;  // the description of a module; the label of a PKCS#11 token or key
    const char *detail; // what else is known, or why it failed
    bool failed;
};

// Shows every configured module, or the one that the settings name, and its PKCS#11 tokens. With login it
// also shows the keys on the PKCS#11 token that SSA_HSM_TOKEN names, or on the only one that there is.
bool ssa_hsm_list(const struct ssa_run *run, bool login, void (*show)(void *context, const struct ssa_listing *line),
                  void *context, struct ssa_error *err);

#ifdef __cplusplus
}
#endif

#endif
