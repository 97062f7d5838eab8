// What the program ssa-hsm uses of the code below src/cli. Other programs use ssa-hsm/signer.h, which is installed.
//
// No function prints. Questions and progress go through callbacks, and results are returned. PKCS#11 modules are never
// loaded into the caller's process. Each is loaded by a child process (ssa-hsm-host, started by posix_spawn), one for
// each module and thread. pinentry is a child process, too. No function forks without exec.
//
// Several threads may call functions at the same time, each with a struct ssa_run and settings of its own, and so may
// several processes. A callback must not call a function that takes a struct ssa_run: there, one that needs a PKCS#11
// token fails at once (SSA_USAGE).
#ifndef SSA_HSM_H
#define SSA_HSM_H

#include "ssa-hsm/error.h"
#include "ssa-hsm/settings.h"
#include "ssa-hsm/signer.h"

#ifdef __cplusplus
extern "C" {
#endif

// How an operation ended

enum ssa_end {
    SSA_END_PLAIN,  // the operation did everything, or changed nothing
    SSA_END_UNDONE, // it failed, and removed everything that it had made (exit code 12)
    SSA_END_LEFT,   // something that it made is left, or may be left (exit code 13)
};

#define SSA_ENDING_LINES 4

// A function that changes something in several steps fills this beside the error. The caller may pass NULL. Each line
// is a sentence about something that was removed again or is left. It has a reason, subject and detail as an error has.
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

// Settings, beside those in ssa-hsm/settings.h

// Where a value comes from.
enum ssa_source { SSA_FROM_NOWHERE, SSA_FROM_OPTION, SSA_FROM_ENVIRONMENT, SSA_FROM_PROFILE, SSA_FROM_DEFAULT };

struct ssa_origin {
    enum ssa_source source;
    const char *name;   // the variable's name there: the client secret has two; NULL for a default
    const char *path;   // of the profile; else NULL
    unsigned long line; // of the profile, from 1
};

#define SSA_PASSED_OVER_MAX 8

struct ssa_setting {
    const char *name;  // the name of its variable ("SSA_HSM_MODULE")
    const char *value; // as it can be shown to anybody; NULL if there is none, or if it is hidden
    bool hidden;       // the value is a secret, or may be one
    bool of_account;   // one of the four that come from one source together
    struct ssa_origin origin;
    // Other places that give it a value which does not count, because origin goes first.
    size_t passed_over_count;
    struct ssa_origin passed_over[SSA_PASSED_OVER_MAX];
};

// Shows each setting once, whether it has a value or not. Then shows the variables of other programs that count here,
// if they are set: https_proxy and others. Neither a secret nor the user and password of an address are shown. show
// borrows the setting.
void ssa_settings_each(const struct ssa_settings *settings,
                       void (*show)(void *context, const struct ssa_setting *setting), void *context);

// Shows the names in environment and profile that begin with SSA_HSM_ and are no settings. near is a setting with a
// similar name, or NULL. show borrows everything.
void ssa_settings_unknown(const struct ssa_settings *settings,
                          void (*show)(void *context, const struct ssa_origin *origin, const char *near),
                          void *context);

// Profiles

// A profile by itself, without the environment. Texts that it does not have are empty.
struct ssa_profile {
    const char *name; // as an option takes it: its name, or its path
    const char *path;
    const char *link; // where the file is, if the path is a symbolic link
    bool usual;       // it is used if no option names another profile
    const char *client_id, *account, *email, *key_id;
    const char *token;             // the label of the PKCS#11 token that its key is on, or new keys are for
    bool has_secret, has_key;      // the client secret itself, or the private key itself, is in the file
    const char *problem;           // others can read the client secret in it, for instance
    const struct ssa_error *error; // why it cannot be used; NULL if it can
};

// Shows each profile of the configuration folder, by name, and those that SSA_HSM_PROFILE names. settings need no
// profile. show borrows the profile.
bool ssa_profile_list(const struct ssa_settings *settings,
                      void (*show)(void *context, const struct ssa_profile *profile), void *context,
                      struct ssa_error *err);

// Shows one profile, by name or path. Fails with SSA_CONFIG if there is none. One that cannot be used is shown.
bool ssa_profile_about(const struct ssa_settings *settings, const char *name,
                       void (*show)(void *context, const struct ssa_profile *profile), void *context,
                       struct ssa_error *err);

// An access token

// The API's answer to the assertion.
struct ssa_grant {
    struct ssa_text json;  // the whole answer, indented
    struct ssa_text token; // the access token
};
void ssa_grant_free(struct ssa_grant *grant);

// Fetches an access token. This takes one login, one signature by the PKCS#11 token, and one request. A client secret
// on another PKCS#11 token needs a login there, too. The caller frees *grant. If a PKCS#11 token fails, the next of
// several profiles is used (see ssa_settings_profiles). It is not used after a wrong PIN, or if network, credentials,
// settings or the API fail. If all profiles fail, the error is that of the last one.
bool ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
               struct ssa_error *err);

// Waits for PKCS#11 modules that earlier calls have closed. Each call that uses a PKCS#11 token loads the module in a
// process of its own (ssa-hsm-host) and returns before that process has ended. One that still runs so many milliseconds
// after its module was closed is ended, also once callbacks (only interrupted, tell and waiting are used) say that the
// person wants to stop. Without this call, a later use of a PKCS#11 token waits for the process, or it ends with this
// one.
void ssa_modules_settle(unsigned most_ms, const struct ssa_callbacks *callbacks);

// Signs the assertion (RFC 7523 section 3) and sends nothing. Uses several profiles as ssa_fetch does.
bool ssa_sign(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *assertion,
              struct ssa_error *err);

// Returns the header and the claims that would be signed, as readable JSON. Uses no PKCS#11 token.
bool ssa_claims(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *json,
                struct ssa_error *err);

// Accounts and keys

// The way of a key into the PKCS#11 token. WRAP: the key is encrypted for a second key, which the PKCS#11 token makes
// and decrypts it with. PLAIN: the key is not encrypted. AUTO: a rehearsal with a throwaway key shows whether the
// PKCS#11 token can do WRAP; else the way is PLAIN.
enum ssa_import_way { SSA_IMPORT_AUTO, SSA_IMPORT_PLAIN, SSA_IMPORT_WRAP };

// The places of a new key and its profile.
struct ssa_output {
    const char *profile; // its name or path; NULL means SSA_HSM_PROFILE, else "default"
    const char *file;    // a file instead of a profile; NULL for none
    bool replace;        // replaces a profile that exists
    bool show_secret;    // shows a literal client secret in the block that is returned
    const char *slot;    // a card's slot ("9a"); NULL means the first free one
    bool replace_key;    // destroys a key that is in this slot, if yes is set or the person confirms
    bool yes;            // confirms in advance
    bool rehearse;       // first tries with a throwaway key whether the PKCS#11 token takes a key
    enum ssa_import_way import_way;
};

// The end of the file that an imported key came from.
enum ssa_file { SSA_FILE_NONE, SSA_FILE_LEFT, SSA_FILE_DESTROYED, SSA_FILE_REPLACED };

struct ssa_created {
    struct ssa_text block; // the profile's six names and values
    char client_id[128], account[128];
    char key_id[128];            // empty where no key was made
    struct ssa_text key_uri;     // as in PRIVATE_KEY; empty where no key was made
    char email[256];             // the account's; this email must be given access
    char path[512];              // the profile that was written
    bool kept;                   // of ssa_key_import: that profile has the key already, and was not written
    enum ssa_file file;          // of ssa_key_import; REPLACED: it was destroyed, and the profile has its name
    char key_path[512];          // the key's file, if the block names one; then file tells about this one
    struct ssa_error file_error; // why the file is LEFT although shred is set; else its code is SSA_OK
    bool proved;                 // of ssa_key_import: the API gave an access token for the key
    bool secret_in_profile;      // the profile that was written has the client secret itself, from another place
    bool secret_may_move;        // as far as it tells, the PKCS#11 token can hold the client secret
};
void ssa_created_free(struct ssa_created *created);

// Makes a service account named FIRST-LAST. Unless without_key is set, also makes its key, which goes into the PKCS#11
// token at once.
bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created, struct ssa_ending *ending,
                        struct ssa_error *err);

// Makes a new key for an account. account is its id or email; NULL means the settings' own.
bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// An existing key. file ("-" for standard input) holds a block of six names, the API's JSON, or only a PEM. The names
// may also be those of other samples (APS_SA_…, SSA_…), and the key in a block may be base64 of its PEM. With a PEM
// alone, key_id and account (its id or email) are needed, and email is optional.
struct ssa_import {
    const char *file, *key_id, *account, *email;
    bool shred;   // overwrites and removes the file, and one that it names as the key's, once the key was proved
    bool offline; // sends nothing to the API: the key is not proved there, and account must be an id
};

// Puts an existing key into the PKCS#11 token and writes the profile. A key that is there already is not imported
// again. With shred, the key is then proved: an access token is fetched with it, by one request. The file is destroyed
// only after that. If the proof fails, key and profile stay, the file does, too, and the same call may be repeated; it
// ends with SSA_END_PLAIN. Where the profile replaces the file, the proof comes first, and if it fails, the import is
// undone. Asks whether a key's file that the block names may be destroyed, unless output->yes is set.
bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// Delete an account or a key at the API. They use no PKCS#11 token. An account is deleted only if yes is set or the
// person confirms (else SSA_DECLINED). The question names the account's email and tells how many keys it has.
bool ssa_account_delete(const struct ssa_run *run, const char *account, bool yes, struct ssa_error *err);
bool ssa_key_delete(const struct ssa_run *run, const char *account, const char *key_id, struct ssa_error *err);

// Replacing the profile's key by a new one

struct ssa_rotation {
    const char *replace;      // the key to delete if the account already has three; NULL for none
    bool at_once;             // retires the old key at once
    long long grace;          // else retires it after so many seconds; 0 leaves that to ssa_rotation_finish
    struct ssa_output output; // only slot, yes (for replace), rehearse, import_way and show_secret count
};

struct ssa_rotated {
    struct ssa_created created; // only block and path; the path is empty if no profile named the key
    char old_key_id[128], new_key_id[128];
    bool resumed;          // the call only completed an earlier rotation
    struct ssa_error left; // why the old key could not be retired; its code is SSA_OK if it could
};
void ssa_rotated_free(struct ssa_rotated *rotated);

// Makes a new key for the settings' account, puts it into the PKCS#11 token and fetches an access token with it. Then
// the new key replaces the old one in the profile, atomically. If anything fails before, the profile stays as it was.
// The old key works until it is retired: it is disabled and deleted at the API, and destroyed on its PKCS#11 token. A
// call that was interrupted at any point may be repeated. The next call first completes or undoes the earlier one.
bool ssa_key_rotate(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                    struct ssa_ending *ending, struct ssa_error *err);

// Retires the old key of a rotation of the settings' account; with at_once also before its grace is over. old_key_id
// receives the key's id. Fails with SSA_CONFIG if no rotation waits for this.
bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128], struct ssa_ending *ending,
                         struct ssa_error *err);

// Describes the steps of ssa_key_rotate, each on a line. Asks the API for the account's keys and changes nothing.
bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err);

// The client secret on a PKCS#11 token

struct ssa_secret {
    const char *label; // of the data object; NULL means "APS client secret CLIENT_ID"
    bool replace;      // an object of that label with another secret is destroyed after the new one was checked
    bool keep_profile; // changes no profile
};

struct ssa_secret_stored {
    struct ssa_text uri;            // of the object: pkcs11:…;type=data…
    struct ssa_text line;           // the setting that refers to it: APS_SECRET_ID="URI"
    char profile[512];              // the profile that has the line now; empty where none was changed
    bool was_literal;               // that profile had the secret itself, which was overwritten on the disk
    struct ssa_error profile_error; // why the profile could not be changed, although the secret is stored
};
void ssa_secret_stored_free(struct ssa_secret_stored *stored);

// Stores the client secret as a private data object on the PKCS#11 token that SSA_HSM_TOKEN, else PRIVATE_KEY, names.
// Then reads it back to compare. The secret comes from the settings, or a person is asked. If it comes from the profile
// in use, or from a person while that profile has none, the profile then refers to the object. It is replaced
// atomically, and keeps everything else that is in it. If an object of that label has another secret, the call fails
// (SSA_CONFIG), unless replace is set. An earlier call that was interrupted is first completed or undone. Fails with
// SSA_TOKEN if the PKCS#11 token fails or takes no such object, and nothing was written. Ends with SSA_END_LEFT if
// something is left, or may be; ssa_recover then completes or undoes it.
bool ssa_secret_import(const struct ssa_run *run, const struct ssa_secret *wanted, struct ssa_secret_stored *stored,
                       struct ssa_ending *ending, struct ssa_error *err);

// Destroys the data object that APS_SECRET_ID names, if yes is set or the person confirms. Fails with SSA_KEY_MISSING
// if the PKCS#11 token does not hold it. Ends with SSA_END_LEFT if the object may still be there.
bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_ending *ending, struct ssa_error *err);

// Recovering from what was interrupted

struct ssa_recovery {
    const char *key_id; // the lost key, if it is not known and a person has chosen it; may be NULL
    bool forget;        // gives up an operation that cannot be completed or undone, although something is left of it
};

// Completes or undoes each interrupted operation of the settings' client id and server. A key that is complete at the
// API and on the PKCS#11 token gets its profile. Everything else is undone. Nothing is touched unless the operation
// provably made it. A callback receives each result. *found is the number of operations. If an operation could not be
// completed or undone, the call fails and ends with SSA_END_LEFT.
bool ssa_recover(const struct ssa_run *run, const struct ssa_recovery *how, size_t *found, struct ssa_ending *ending,
                 struct ssa_error *err);

// Accounts and keys at the API and on PKCS#11 tokens

// A point in time in seconds since the epoch (UTC). It is not known if the API did not tell it.
struct ssa_time {
    bool known;
    long long seconds;
};

struct ssa_account {
    char id[128], email[256];
    char created_by[128]; // a client id
    char status[32];      // ENABLED, DISABLED, DEACTIVATED, or another word of the API
    struct ssa_time created, accessed, expires;
    bool own; // the settings name this account
};

// The caller frees it with ssa_accounts_free, which also accepts an empty one.
struct ssa_accounts {
    struct ssa_account *list;
    size_t count;
};
void ssa_accounts_free(struct ssa_accounts *accounts);

// Lists all accounts of the client id. This and the functions below fail with SSA_REFUSED or SSA_CREDENTIALS if the API
// refuses, and with SSA_NETWORK or SSA_RATE_LIMIT if the API could not be asked.
bool ssa_account_list(const struct ssa_run *run, struct ssa_accounts *accounts, struct ssa_error *err);

// Shows one account. account is its id or email; NULL means the settings' own (SSA_CONFIG if they have none).
bool ssa_account_show(const struct ssa_run *run, const char *account, struct ssa_account *shown, struct ssa_error *err);

// Enables an account, also one that is DEACTIVATED, or disables it. While it is disabled, its keys cannot be managed
// and no access tokens can be fetched. *after is the account as the API shows it afterwards. If the account already had
// that status, *changed is false, and the call does not fail.
bool ssa_account_enable(const struct ssa_run *run, const char *account, bool enable, struct ssa_account *after,
                        bool *changed, struct ssa_error *err);

// Access to projects. An access token gives access to nothing until an administrator has done two things. The app (its
// client id) is added to the hub under Custom Integrations, once; there is no API for that. The account's email is then
// invited, like a person.

struct ssa_provision {
    const char *account;         // an id or email; NULL means the settings' own
    const char *project;         // the id of an ACC project, also with "b." before it
    const char *const *products; // "PRODUCT=ACCESS", a list that ends with NULL; NULL means "docs=member" alone
    const char *admin_user;      // the id of an administrator of the project, for whom the app acts
    const char *region;          // of the hub: "US", "EMEA"…; NULL: the service finds it out
};

#define SSA_PRODUCTS_MAX 32

struct ssa_provisioned {
    char account[128], email[256];
    char project[128]; // without "b."
    bool changed;      // false: the account was in the project already, with all that is wanted
    char status[32];   // as the API tells it ("active"); may be empty
    struct ssa_product {
        char key[32], access[16];
    } products[SSA_PRODUCTS_MAX]; // the account's products in the project
    size_t product_count;
};

// Adds an account to an ACC project, by the client's own access token. First looks whether it is there. If it is, and
// has all the products, nothing is changed. If it is there with other products, the call fails (SSA_REFUSED): only a
// person can change them. Fails with SSA_USAGE for a product, access or region that is not known. There is no such API
// for projects of BIM 360.
bool ssa_account_provision(const struct ssa_run *run, const struct ssa_provision *wanted,
                           struct ssa_provisioned *provisioned, struct ssa_error *err);

// A hub or project that an account sees.
struct ssa_site {
    char id[128], name[128];
    char region[16];         // of a hub; may be empty
    struct ssa_site *inside; // a hub's projects
    size_t count;            // of inside
    bool more;               // there are other projects
};

// The caller frees it with ssa_access_free, which also accepts an empty one.
struct ssa_access {
    char account[128], email[256]; // email is empty if the settings do not have it
    struct ssa_site *hubs;
    size_t count;
    bool more; // there are other hubs
};
void ssa_access_free(struct ssa_access *access);

// Fetches an access token with the settings' key and asks which hubs and projects the account sees with it. account
// must be the settings' own (an id or email), or NULL. Fails with SSA_REFUSED if there is no hub. The reason then says
// what is missing, if the service tells it.
bool ssa_account_access(const struct ssa_run *run, const char *account, struct ssa_access *access,
                        struct ssa_error *err);

// Whether the private half is on a PKCS#11 token. UNSEEN: a login would be needed to know it.
enum ssa_private_half { SSA_PRIVATE_UNSEEN, SSA_PRIVATE_THERE, SSA_PRIVATE_MISSING };

// A PKCS#11 token that has a key.
struct ssa_place {
    char label[33], serial[17]; // of the PKCS#11 token
    char slot[4];               // on a card with slots ("9a"); else empty
    char *uri;                  // the key's, ready to paste as PRIVATE_KEY; empty if it would be too long
    char modulus_sha256[65];    // in hex; the same on every PKCS#11 token that has the key
    enum ssa_private_half private_half;
};

// A key of an account: at the API, on PKCS#11 tokens here, or both.
struct ssa_key {
    char id[128];
    char account[128], email[256]; // the account's id and email; email is empty if it is not known
    bool at_api;                   // if false, the API does not know the key, and the next three are empty
    char status[32];               // ENABLED, DISABLED, or another word of the API
    struct ssa_time created, accessed;
    bool own;      // the settings name this key
    bool conflict; // PKCS#11 tokens have different keys under this id
    struct ssa_place *places;
    size_t place_count;
};

// The caller frees it with ssa_keys_free, which also accepts an empty one.
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

// Lists the keys at the API together with those on PKCS#11 tokens. A key at the API and one on a PKCS#11 token are the
// same if they have the same KEY_ID. Keys on two PKCS#11 tokens are the same if they have the same modulus. The call
// looks, without a login, at all PKCS#11 tokens of the configured modules, or of the module that the settings name.
// Each module runs in a child process. If a module cannot be used, a callback receives that, and the call does not
// fail: as SSA_DETAIL where all keys were found without it, else as SSA_NOTICE. Keys that are only on a PKCS#11 token
// are listed if they name the account.
//
// With all, the call waits as the API's rate limit demands. A callback receives that (SSA_PROGRESS), and the waiting
// does not count for run->timeout. The API may not list the keys of an account that is not enabled. Such an account is
// left out, with a warning.
//
// Fails with SSA_CONFIG if no account is named and the settings have none, and with SSA_USAGE if all is set and an
// account is named. With login, it also fails as ssa_hsm_list does.
bool ssa_key_list(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, struct ssa_keys *keys,
                  struct ssa_error *err);

// Shows one key of the same list. Fails with SSA_REFUSED if neither the API nor a PKCS#11 token knows it.
bool ssa_key_show(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                  struct ssa_keys *found, struct ssa_error *err);

// Enables or disables a key at the API. *changed is as in ssa_account_enable.
bool ssa_key_enable(const struct ssa_run *run, const char *account, const char *key_id, bool enable, bool *changed,
                    struct ssa_error *err);

struct ssa_attribute {
    const char *name; // "CKA_SENSITIVE"; static
    bool known, value;
    bool wanted;  // the value that it should have
    bool decided; // this kind of PKCS#11 token decides the value, and it is not as wanted
};

// Whether the key signs by raw RSA (CKM_RSA_X_509). Such a signature over a ciphertext decrypts it, even if CKA_DECRYPT
// is false.
enum ssa_raw_rsa { SSA_RAW_RSA_UNKNOWN, SSA_RAW_RSA_REFUSED, SSA_RAW_RSA_POSSIBLE };

// The findings of ssa_key_verify.
struct ssa_verified {
    char key_id[128], account[128], email[256];
    char token[512]; // the URI of the PKCS#11 token
    char modulus_sha256[65];
    unsigned bits;
    size_t attribute_count; // 0 if they could not be read
    struct ssa_attribute attributes[16];
    bool signature; // the signature over the challenge was verified
    // The names in CKA_ALLOWED_MECHANISMS. If the PKCS#11 token does not tell them, or has none for this key, the key
    // may be used with any mechanism. They are not known if attribute_count is 0.
    bool mechanisms_known;
    size_t mechanism_count;
    char mechanisms[32][28];
    enum ssa_raw_rsa raw_rsa;
};

// Logs in to the PKCS#11 token of the settings' key, reads the key's attributes, lets the key sign a challenge, and
// verifies the signature with the public half. Sends nothing to the API. Fails with SSA_TOKEN if the key is not as it
// must be, and with SSA_KEY_MISSING, SSA_PIN or SSA_ABSENT. After a failure, *verified holds the findings until then.
bool ssa_key_verify(const struct ssa_run *run, struct ssa_verified *verified, struct ssa_error *err);

// What a record contains besides the facts of the PKCS#11 token.
struct ssa_evidence {
    const char *challenge; // the auditor's text, at most SSA_CHALLENGE_MAX bytes of UTF-8; NULL for none
    bool ask_api;          // adds the API's facts about the key: two requests, before the PIN is tried
};
#define SSA_CHALLENGE_MAX 512

// Does the same as ssa_key_verify, with a second signature, and writes a record as JSON. The record contains the
// findings, and everything that is known about PKCS#11 token, module, key and import. The caller frees *json. It is
// filled even after a failure if the attributes could be read. Its member "evidence" is a signature by the key over all
// other members. It is a JWS (RFC 7515) that cannot serve as an assertion. It is null if the key is not as it must be.
// Fails with SSA_USAGE for an invalid challenge, and as the calls of the API do.
bool ssa_key_evidence(const struct ssa_run *run, const struct ssa_evidence *wanted, struct ssa_verified *verified,
                      struct ssa_text *json, struct ssa_error *err);

// An operation that is over. Texts that do not apply are empty, and such times are unknown.
struct ssa_event {
    const char *id;                  // the entry's
    long long sequence;              // from 1, without gaps
    const char *previous;            // the SHA-256 of the previous entry, in hex
    const char *sha256;              // the SHA-256 of this entry's file; empty if the file cannot be read
    const char *operation, *outcome; // "key create"; "done", "undone", "failed", "left", "unknown"
    const char *import;              // the key's way into the PKCS#11 token: "plain", "wrapped"; empty for none
    struct ssa_time started, ended;
    long long uid;
    const char *client_id, *base_url, *account, *email, *key_id, *old_key_id, *token, *key_uri, *profile, *note;
    const char *project; // that the account was added to; empty for other operations
};

// Shows the audit trail in this user's state folder, for all client ids and servers, with the oldest entry first. show
// borrows the event.
bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event), void *context,
                 struct ssa_error *err);

// The audit trail is a chain: each entry holds the SHA-256 of the previous entry's file.
struct ssa_chain {
    size_t count;
    char last[65]; // the SHA-256 of the last entry; with a copy elsewhere it can be seen whether the end was cut off
};

// Checks that the chain is unbroken. Else fails with SSA_CONFIG and names the first entry that is missing, changed or
// invalid.
bool ssa_history_verify(const struct ssa_run *run, struct ssa_chain *chain, struct ssa_error *err);

// Destroys keys on PKCS#11 tokens that the API no longer knows, if the audit trail tells that they were made for this
// client id and server. Each key is destroyed only if yes is set or the person confirms. *found is the number of such
// keys, *destroyed the number of those that were destroyed. If that is less, the call fails with SSA_DECLINED, after
// it has asked for all of them.
bool ssa_key_prune(const struct ssa_run *run, bool yes, size_t *found, size_t *destroyed, struct ssa_error *err);

// Removes a profile (its name or path), and overwrites its file before. If the path is a link, only the link is
// removed. Account and key stay, at the API and on the PKCS#11 token. Fails with SSA_CONFIG if an operation that is not
// over names the profile; ssa_profile_remove_check only looks for one. run->settings have read this profile, as far as
// it can be read.
bool ssa_profile_remove_check(const struct ssa_run *run, const char *name, struct ssa_error *err);
bool ssa_profile_remove(const struct ssa_run *run, const char *name, struct ssa_error *err);

// PKCS#11 tokens

// One line of a listing.
struct ssa_listing {
    unsigned depth;     // 0 for a module, 1 for a PKCS#11 token, 2 for a key
    const char *uri;    // ready to paste; for a module its path
    const char *label;  // the description of a module; the label of a PKCS#11 token or key
    const char *detail; // further facts, or the cause of the failure
    const char *unfit;  // of a PKCS#11 token: why no new key can go there now; NULL if nothing is known against it
    bool failed;
};

// Shows every configured module, or the one that the settings name, and its PKCS#11 tokens. With login, also shows the
// keys on the PKCS#11 token that SSA_HSM_TOKEN names. If none is named, there must be only one.
bool ssa_hsm_list(const struct ssa_run *run, bool login, void (*show)(void *context, const struct ssa_listing *line),
                  void *context, struct ssa_error *err);

// Examining what a command needs

enum ssa_health {
    SSA_HEALTH_OK,
    SSA_HEALTH_WARNING, // works, but not well, or not for long
    SSA_HEALTH_FAILURE, // what depends on it fails
    SSA_HEALTH_SKIPPED, // not examined
};

// The finding of a check. Borrowed for the time of the call.
struct ssa_finding {
    // The check's name: memory, settings, profile, identity, client-id, pin-source, client-secret, folders, p11-kit,
    // module-host, pcscd, module, token, pin, key, base-url, ca, proxy, dns, connection, tls, clock, credentials,
    // api-account, api-key, journal, agent. Two names are no checks: "setting" is one setting in force (subject is its
    // name, what its value or "set", cause where it comes from), and "version" is that of a part (subject).
    const char *check;
    enum ssa_health health;
    // What was found, as an error has it. Its code is SSA_OK unless it is a failure.
    const struct ssa_error *found;
    const char *after; // SKIPPED: the check that must succeed before; NULL if it was not asked for
};

struct ssa_examination {
    bool login;   // tries the PIN, once; without it no PIN is tried, and only public objects are seen
    bool sign;    // lets the key sign a challenge; includes login
    bool ask_api; // sends three requests: for an admin access token, for the account, and for its keys
    // Why the settings cannot be read, if the caller's calls for that failed; NULL for no failure. It becomes a
    // finding, and what depends on the settings is skipped.
    const struct ssa_error *settings_fault;
};

struct ssa_examined {
    size_t failures, warnings;
    enum ssa_class first; // the class of the first failure: the one to mend first; SSA_OK for none
    unsigned requests;    // that were sent to the API with credentials
};

// Examines settings, files, PKCS#11 modules, the PKCS#11 token, its key, the server and the journal, and shows each
// finding, in the order in which a person would mend them. Without ask_api, one request without credentials goes to
// the server, for an address that is no call of the API. Only the first of several profiles is examined whole. Nothing
// is changed, except that processes take turns, and that the journal is tidied, as all commands do it. Fails only if it
// could not go on: interrupted, or without memory.
bool ssa_doctor(const struct ssa_run *run, const struct ssa_examination *wanted,
                void (*show)(void *context, const struct ssa_finding *finding), void *context,
                struct ssa_examined *examined, struct ssa_error *err);

#ifdef __cplusplus
}
#endif

#endif
