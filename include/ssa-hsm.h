// ssa-hsm: keys of Autodesk Platform Services secure service accounts, kept in PKCS#11 tokens.
//
// What another program may use. The ssa-hsm program itself is a client of this header. Nothing here prints
// or keeps global state: questions and progress go through callbacks, results are returned. A search for a
// token starts child processes that load the modules (a fork without exec), and pinentry is one: a program
// with threads of its own names the module, and gives the PIN by callback.
//
// One thread at a time may call what takes a struct ssa_run, and no callback may: where a PKCS#11 token is
// used by another thread, or a callback is running, it is refused at once (SSA_USAGE). Several processes may.
#ifndef SSA_HSM_H
#define SSA_HSM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- Errors
// ----------------------------------------------------------------------------------------------------

// What kind of failure it is; the value is the program's exit code, unless struct ssa_ending has something to
// say (12 and 13).
enum ssa_class {
    SSA_OK = 0,
    SSA_UNEXPECTED = 1,  // none of the below
    SSA_USAGE = 2,       // the command line
    SSA_CONFIG = 3,      // a setting, a profile, a file
    SSA_ABSENT = 4,      // the module or the token
    SSA_PIN = 5,         // wrong, locked, or not to be had
    SSA_KEY_MISSING = 6, // the token does not hold the key
    SSA_TOKEN = 7,       // a token operation failed
    SSA_NETWORK = 8,     // network, TLS, a server that is down or answers with nothing usable
    SSA_CREDENTIALS = 9, // client id or secret refused
    SSA_REFUSED = 10,    // refused by the API
    SSA_RATE_LIMIT = 11, // rate limit, longer than there was time to wait
};

// What exactly failed, for a program that has something to do about it. More come with new versions: one that
// is not known is treated as its class says.
enum ssa_reason {
    SSA_REASON_NONE = 0, // the class says all there is to say

    // Files.
    SSA_REASON_PIPE, // a pipe did not come to its end in time

    // Settings and profiles.
    SSA_REASON_ACCOUNT_NOT_SET,     // neither profile nor environment names an account
    SSA_REASON_ACCOUNT_WITHOUT_KEY, // the profile has an account, but no key yet
    SSA_REASON_PART_OF_BLOCK,       // account id, key id, email and key are not all there
    SSA_REASON_KEY_AS_TEXT,         // a private key stands where a reference to one is wanted
    SSA_REASON_NO_KEY_URI,          // the reference to the private key is not a PKCS#11 URI
    SSA_REASON_PROFILE_EXISTS,      // a profile is in the way of a new one
    SSA_REASON_NO_PROFILE,          // the profile does not exist
    SSA_REASON_JOINED_PROFILES,     // one name that is a list of names
    SSA_REASON_SEVERAL_PROFILES,    // a list where one profile is wanted
    SSA_REASON_OUTPUT_DESCRIPTOR,   // a secret was to be read from standard output or error
    SSA_REASON_NO_TOKEN_NAME,       // the text names no PKCS#11 token

    // PINs.
    SSA_REASON_PIN_UNANSWERED,      // the token did not answer an earlier try with the same PIN; detail: its
                                    // record
    SSA_REASON_PIN_LAST_TRY,        // one more wrong PIN locks the token, so a person must try it
    SSA_REASON_PIN_LAST_UNANSWERED, // the same, and tries without an answer are among those that count
    SSA_REASON_PIN_WAS_TRIED,       // the token refused the same PIN earlier; detail: its record
    SSA_REASON_NO_PINENTRY,         // the pinentry cannot be run
    SSA_REASON_NOBODY_FOR_PIN,      // there is no PIN source, and nobody to ask
    SSA_REASON_NOBODY_FOR_SO_PIN,   // the same for the security officer's PIN
    SSA_REASON_TURN_TOO_LONG,       // another process used the PKCS#11 token all the time

    // The signer: from settings to an open PKCS#11 token and an access token.
    SSA_REASON_NO_CLIENT_ID,      // there is no client id
    SSA_REASON_NO_CLIENT_SECRET,  // there is no client secret, and nobody to ask
    SSA_REASON_TOKEN_NOT_NAMED,   // a stored PIN needs the name of its PKCS#11 token; detail: a URI that fits
    SSA_REASON_NO_SLOTS,          // a card's slot was named for another kind of token
    SSA_REASON_REPLACE_WHAT,      // a key is to be destroyed, and no slot says which
    SSA_REASON_KEY_NOT_CONFIRMED, // nobody confirmed that the key in the slot is destroyed
    SSA_REASON_SECRETS_OF_ONE_NAME, // several client secrets have the same label
    SSA_REASON_SECRET_IN_THE_OPEN,  // the client secret can be read without the PIN
    SSA_REASON_OLD_BLOCK,           // the environment's key went before the profile's

    // PKCS#11 modules, tokens and keys.

    // The network and the exchange.
    SSA_REASON_TIMEOUT,        // there was no answer in time
    SSA_REASON_UNKNOWN_HOST,   // the host's name is not known
    SSA_REASON_UNREACHABLE,    // there is no connection to the host
    SSA_REASON_UNTRUSTED,      // the server's certificate could not be verified
    SSA_REASON_CA_FILE,        // the configured CA bundle cannot be used
    SSA_REASON_CA_FOLDER,      // the configured CA directory cannot be used
    SSA_REASON_NO_CA,          // no certification authorities were found
    SSA_REASON_BASE_URL,       // the base URL is not valid
    SSA_REASON_PLAIN_HTTP,     // plain http is not allowed for this base URL
    SSA_REASON_REDIRECTED,     // the server redirects to another one
    SSA_REASON_OTHER_SERVER,   // another server than the API's may have answered
    SSA_REASON_RATE_LIMIT,     // detail: the timeout in seconds with which the limit is waited for
    SSA_REASON_CREDENTIALS,    // client id and secret were refused
    SSA_REASON_CLIENT_TOKEN,   // the access token that client id and secret gave was refused
    SSA_REASON_CLIENT_KIND,    // an app of this kind may not do this
    SSA_REASON_ASSERTION,      // the assertion was refused
    SSA_REASON_SCOPE,          // the app may not have these scopes
    SSA_REASON_SCOPE_SPELLING, // a scope has a character that no scope has

    // The provider's accounts and keys.
    SSA_REASON_NO_ACCOUNT,        // there is no such account
    SSA_REASON_NO_KEY,            // there is no such key
    SSA_REASON_APP_ACCESS,        // the app may not manage service accounts, as it seems
    SSA_REASON_ACCOUNT_NAME,      // the account's name was refused, as it seems
    SSA_REASON_ACCOUNT_LIMIT,     // there are as many accounts as there may be
    SSA_REASON_ACCOUNT_REFUSED,   // the limit of accounts, or no permission
    SSA_REASON_ACCOUNT_OFF,       // the account is not enabled; detail: its id
    SSA_REASON_ACCOUNT_MAYBE_OFF, // the account may not be enabled; detail: its id
    SSA_REASON_KEY_LIMIT,         // the account has as many keys as it may have; detail: its id
    SSA_REASON_KEY_REFUSED,       // the limit of keys, or a disabled account; detail: its id

    // The journal.
    SSA_REASON_EARLIER_OPERATION,        // an operation on the same thing was interrupted
    SSA_REASON_INTERRUPTED,              // an operation was interrupted
    SSA_REASON_ENTRY_DAMAGED,            // an entry cannot be understood
    SSA_REASON_ENTRY_OF_EARLIER_VERSION, // an entry was left by a version that wrote no checksums

    // Making, rotating, removing and recovering.
    SSA_REASON_ACCOUNT_LEFT,    // an account is left at the API (subject: its id)
    SSA_REASON_KEY_LEFT,        // a key is left at the API (subject: its id, detail: its account)
    SSA_REASON_SOME_KEY_LEFT,   // a key may be left at the API; which one is not known (detail: its account)
    SSA_REASON_ON_TOKEN_LEFT,   // a key is left on a PKCS#11 token (detail: the command that removes it)
    SSA_REASON_OPERATION_OPEN,  // ssa_recover tries again to finish or undo the operation
    SSA_REASON_ANOTHERS,        // what is there is another's, or may be, and is not touched
    SSA_REASON_OLD_KEY_AT_API,  // of a rotation: its old key may be at the API still
    SSA_REASON_LOST_KEY,        // several keys may be the one that was lost
    SSA_REASON_SLOT_UNSURE,     // a card's slot (detail) holds the old key or the new one
    SSA_REASON_SLOT_USELESS,    // a card's slot (detail) holds a throwaway key
    SSA_REASON_MAYBE_DONE,      // a request may have been carried out
    SSA_REASON_NOT_SETTLED,     // some operations could not be settled
    SSA_REASON_NOT_CONFIRMED,   // nobody was there to confirm, or they did not
    SSA_REASON_NO_ROOM_FOR_KEY, // an account has all the keys it may have (detail: those that may go)
    SSA_REASON_NO_ROTATION_WAITS, // no rotation waits for its old key to go
    SSA_REASON_ROTATION_WAITS,    // a rotation waits for its old key to go
    SSA_REASON_OLD_KEY_SERVES,    // the grace of a rotation's old key is not over
    SSA_REASON_OLD_KEY_IN_USE,    // a profile names the old key of a rotation
    SSA_REASON_ANSWERED_BY_ANOTHER, // the API's answer names as new what was there before
    SSA_REASON_LIST_NOT_BELIEVED,   // the API's list lacks what a profile names
    SSA_REASON_IMPORT_NO_CLIENT_ID, // the file of a key does not say it
    SSA_REASON_IMPORT_NO_ACCOUNT,
    SSA_REASON_IMPORT_NO_KEY_ID,
    SSA_REASON_IMPORT_NO_KEY,
    SSA_REASON_IMPORT_HOLDS_MORE, // the file (detail) that was to be destroyed holds more than a key
    SSA_REASON_IMPORT_LOSES,      // something beside the key would be lost
    SSA_REASON_CANNOT_SHRED,      // the file cannot be destroyed
    SSA_REASON_OLD_KEY_ON_TOKEN,  // of a rotation: its old key is left on its PKCS#11 token alone

    // Listing, showing, verifying and removing accounts and keys.
    SSA_REASON_ACCOUNT_UNLISTED, // the client id has no account of this id or email
    SSA_REASON_KEY_UNLISTED,     // neither the API nor a token here has the key
    SSA_REASON_KEYS_DIFFER,     // tokens hold different keys under one id, which is the detail

    // Client secrets on PKCS#11 tokens.
    SSA_REASON_LABEL_IN_USE,          // the token holds a data object of this label
    SSA_REASON_LABEL_ANOTHERS,        // the same, and it is another application's
    SSA_REASON_SECRET_NOT_ON_TOKEN,   // the setting does not name a data object
    SSA_REASON_REMOVAL_NOT_CONFIRMED, // nobody said yes to the removal
    SSA_REASON_SECRET_GONE,           // what an import stored is not there any more
    SSA_REASON_SECRETS_OF_ONE_LABEL,  // beside the secret others of its label are left
    SSA_REASON_SECRET_NOT_REMOVED,    // a removal that was interrupted was not carried out
    SSA_REASON_EMPTY_OBJECT,          // a data object with nothing in it may be left
    SSA_REASON_SECRET_TOKEN_PIN,      // the settings do not name the PIN of the secret's token

    SSA_REASON_COUNT // how many this version knows
};

// Whose number the error has.
enum ssa_domain {
    SSA_DOMAIN_NONE,
    SSA_DOMAIN_ERRNO,
    SSA_DOMAIN_PKCS11, // a CK_RV
    SSA_DOMAIN_CURL,   // a CURLcode
    SSA_DOMAIN_HTTP,   // a status
};

#define SSA_ERROR_TEXT_MAX 1024

// Filled by every function that fails; made where the call failed, and passed up untouched. All text is
// NUL-terminated, and harmless to a terminal.
struct ssa_error {
    enum ssa_class code;
    enum ssa_reason reason;
    enum ssa_domain domain;
    unsigned long number; // of the domain; 0 where it has none
    char what[512];       // what failed and why
    char cause[64];       // the lower layer's own name: CKR_PIN_INCORRECT, CURLE_COULDNT_CONNECT, HTTP 403
    char subject[512];    // on what: a token, a URL, a file; may be empty
    char detail[512];     // what advice about the reason must name: a file, an id; may be empty
    char hint[SSA_ERROR_TEXT_MAX]; // what to do next, where that names nothing of a program; may be empty
};

// Writes "subject: what (cause)", and the hint on a line of its own, to out (capacity bytes, always
// NUL-terminated).
void ssa_error_text(const struct ssa_error *err, char *out, size_t capacity);

// ---- How an operation ended
// ----------------------------------------------------------------------------------------

// What became of what an operation had made.
enum ssa_end {
    SSA_END_PLAIN,  // all of it is done, or nothing was changed
    SSA_END_UNDONE, // it failed, and what it had made is gone again (exit code 12)
    SSA_END_LEFT,   // something is left, or may be (exit code 13)
};

#define SSA_ENDING_LINES 3

// Filled, beside the error, by every function that changes something in several steps; it may be given NULL.
// Each line is a sentence on what is gone again or left. Its reason, subject and detail are an error's.
struct ssa_ending {
    enum ssa_end how;
    size_t count; // of lines
    struct ssa_ending_line {
        enum ssa_reason reason;
        char text[512];
        char subject[128];
        char detail[1024];
    } lines[SSA_ENDING_LINES];
};

// ---- Questions and progress
// ------------------------------------------------------------------------------------

// SSA_PROGRESS is for somebody who watches: that it goes on, and why it takes so long.
enum ssa_level { SSA_DETAIL, SSA_NOTICE, SSA_WARNING, SSA_PROGRESS };

// A line without a line break. Where there is something to do about it, reason says what it is about, as an
// error's does.
struct ssa_notice {
    const char *text;
    enum ssa_reason reason;
    const char *detail; // never NULL
};

struct ssa_event;

// Each may be NULL: nobody is there to ask, nobody listens, nothing interrupts.
struct ssa_callbacks {
    void *context;
    // Asks a person for a secret ("PIN for token …", "Client secret of …"), without echo. Writes at most
    // capacity bytes to answer, which is locked memory, and their number to *len. Fails with SSA_PIN or
    // SSA_CONFIG when there is nobody to ask.
    bool (*ask_secret)(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err);
    // Asks a person to type yes; anything else, and nobody there, is no.
    bool (*confirm)(void *context, const char *question);
    // Hears what is going on. May be called from another thread, while the caller's waits for a token.
    void (*tell)(void *context, enum ssa_level level, const struct ssa_notice *notice);
    // True once the person wants to stop (a signal came): what runs is finished or undone, then ends.
    bool (*interrupted)(void *context);
    // Hears of an operation that is over, just before its entry is put into the audit trail (ssa_history),
    // which is locked meanwhile. event is borrowed. An entry that then could not be put there is told of
    // again: the same in every byte, or under another number (and with the hash of another before it), which
    // counts.
    void (*recorded)(void *context, const struct ssa_event *event);
    // Seconds in which what is read through a pipe (a FIFO, fd:N) must have come to its end; 0 is 30.
    unsigned patience;
};

// ---- Settings
// --------------------------------------------------------------------------------------------------

struct ssa_settings;

// An empty set, or NULL when there is no memory. ssa_settings_free wipes what was secret in it; it takes
// NULL.
struct ssa_settings *ssa_settings_new(void);
void ssa_settings_free(struct ssa_settings *settings);

// Sets one value as a command-line option would: it beats environment and profile. name is the environment's
// name for it ("SSA_HSM_MODULE"); value is borrowed until the settings are freed. Fails with SSA_USAGE for an
// unknown name.
bool ssa_settings_option(struct ssa_settings *settings, const char *name, const char *value,
                         struct ssa_error *err);

// Takes what is ours from an environment (NULL-terminated "NAME=value"), once. With overwrite, values that
// are secrets are wiped in place after they have been copied to locked memory; so is a variable that a
// reference env:NAME reads, also one in a profile that is read later. The strings are borrowed until the
// settings are freed.
bool ssa_settings_environment(struct ssa_settings *settings, char **environment, bool overwrite,
                              struct ssa_error *err);

// Reads the profile: name (a name, or a path when it has a slash), which then beats the environment; for NULL
// SSA_HSM_PROFILE, else "default" where that exists. With optional, a named one need not exist: it is about
// to be written, and no other is read in its place. callbacks (may be NULL) hear of a file with a secret that
// others can read. Call it after the environment. Called again, it puts another profile in the place of those
// read before; the environment is not looked at again. Fails with SSA_CONFIG, or SSA_USAGE where
// SSA_HSM_PROFILE is a list.
bool ssa_settings_profile(struct ssa_settings *settings, const char *name, bool optional,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err);

#define SSA_PROFILES_MAX 8

// Reads a list of profiles (count of them) in its stead: two keys of one account on two tokens, say.
// ssa_fetch and ssa_sign then use the next where the token of one is absent, broken or locked or lacks the
// key, and tell so (SSA_WARNING); all other calls use the first. For a count of 0 SSA_HSM_PROFILE, which may
// be a list with
// ":" between its names, else "default". Every one must exist and be well-formed, which is known before any
// token is touched.
bool ssa_settings_profiles(struct ssa_settings *settings, const char *const *names, size_t count,
                           const struct ssa_callbacks *callbacks, struct ssa_error *err);

// The value that wins, by the environment's name for it, or NULL; of several profiles the first counts.
// Borrowed until a profile is read again.
const char *ssa_settings_value(const struct ssa_settings *settings, const char *name);

// Whether a variable of the environment holds a secret, or settings of ours, that a program which is given
// the access token has no business with: the client secret, PRIVATE_KEY, SSA_HSM_…, and whatever an env:NAME
// among the settings reads.
bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name);

// ---- How a command runs
// ----------------------------------------------------------------------------------------

struct ssa_run {
    const struct ssa_settings *settings;
    struct ssa_callbacks callbacks;
    unsigned timeout;   // seconds for all of the API's answers, waiting included; 0 is 90
    bool insecure_http; // plain http, and only to a loopback address
    bool pin_retry;     // allow an unattended PIN try after a failed one
    bool overwrite;     // wipe a variable that env:NAME reads, in place, once it was copied
};

// ---- An access token
// -------------------------------------------------------------------------------------------

struct ssa_token_request {
    const char
        *scope; // names separated by commas or spaces; NULL: SSA_HSM_SCOPE, else "data:read data:write"
    unsigned lifetime; // of the assertion, 1 to 300 seconds; 0 is 300
    bool not_before;   // adds the claim nbf
};

// Text in locked memory, wiped by ssa_text_free. len does not count the NUL that follows.
struct ssa_text {
    const char *text;
    size_t len;
    void *owner;
};
void ssa_text_free(struct ssa_text *text);

// What the API answered to the assertion.
struct ssa_grant {
    struct ssa_text json;  // the whole answer, indented by two
    struct ssa_text token; // access_token
};
void ssa_grant_free(struct ssa_grant *grant);

// Fetches an access token: one login, one signature in the token, one request; a client secret that lies on
// another token costs a login there, before. The caller frees *grant. Of
// several profiles the next is used where a token fails, as ssa_settings_profiles says, never after a wrong
// PIN, nor where network, credentials, settings or the API are to blame; the last one's failure is the
// call's.
bool ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
               struct ssa_error *err);

// The signed assertion alone (RFC 7523 section 3), without a request. Falls back likewise.
bool ssa_sign(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *assertion,
              struct ssa_error *err);

// Header and claims as they would be signed, as readable JSON. Touches no token.
bool ssa_claims(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *json,
                struct ssa_error *err);

// ---- Accounts and keys
// -----------------------------------------------------------------------------------------

// How a key gets into the token: encrypted for a key that the token makes for it, and unwrapped inside, or as
// it is. AUTO is the first where a rehearsal with a throwaway key shows that the token can do it.
enum ssa_import_way { SSA_IMPORT_AUTO, SSA_IMPORT_PLAIN, SSA_IMPORT_WRAP };

// Where the six names go.
struct ssa_output {
    const char *profile; // name or path; NULL: SSA_HSM_PROFILE, else "default"
    const char *file;    // a file instead of a profile; NULL for none
    bool replace;        // one that exists is replaced
    bool show_secret;    // a literal client secret also stands in the block that is returned
    const char *slot;    // of a card with slots: "9a", …; NULL: the first that is free
    bool replace_key;    // a key that is in that slot is destroyed, after a yes
    bool yes;            // which is given with this
    bool rehearse;       // show by a throwaway key on the token that it takes one
    enum ssa_import_way import_way;
};

// What became of the file that an existing key came from.
enum ssa_file { SSA_FILE_NONE, SSA_FILE_LEFT, SSA_FILE_DESTROYED, SSA_FILE_REPLACED };

struct ssa_created {
    struct ssa_text block; // the six names, for standard output
    char email[256];       // whom to give access to
    char path[512];        // the profile that was written
    enum ssa_file file;    // of ssa_key_import; REPLACED: overwritten, and the profile stands in its place
    char key_path[512];    // the key's own file, where the block named one: LEFT means this one then
    struct ssa_error
        file_error; // why it is LEFT although it should not be; code SSA_OK where that is as wanted
};
void ssa_created_free(struct ssa_created *created);

// Makes a service account named FIRST-LAST and, unless without_key, its key, which goes into the token at
// once.
bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created,
                        struct ssa_ending *ending, struct ssa_error *err);

// Makes a new key for an account (its id or email; NULL: the settings' own).
bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// An existing key: file (or "-" for standard input) holds an old block of six names, or a PEM alone, for
// which key_id and account (id) are given, and email may be. The key may be base64 of its PEM, and the names
// those of other samples (APS_SA_…, SSA_…).
struct ssa_import {
    const char *file, *key_id, *account, *email;
    bool shred; // overwrite and remove the file once its key is in the token
};

// Puts it into the token. Asks the API nothing.
bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// Deletes at the API. The token is not touched.
bool ssa_account_delete(const struct ssa_run *run, const char *account, struct ssa_error *err);
bool ssa_key_delete(const struct ssa_run *run, const char *account, const char *key_id,
                    struct ssa_error *err);

// ---- A new key in the place of the profile's
// ----------------------------------------------------------------------------

struct ssa_rotation {
    const char *replace; // of three keys, the one that is deleted to make room; NULL: none
    bool at_once;        // the old key is retired at once
    long long grace; // else not before so many seconds from now; 0: whenever ssa_rotation_finish is called
    struct ssa_output output; // of it: slot, yes (of replace), rehearse, import_way, show_secret
};

struct ssa_rotated {
    struct ssa_created created; // block and path; the path is empty where the key was named by no profile
    char old_key_id[128], new_key_id[128];
    bool resumed; // one that did not come to its end before is complete now, and nothing else was done
    struct ssa_error left; // of the old key's end, where that failed; code SSA_OK where it did not
};
void ssa_rotated_free(struct ssa_rotated *rotated);

// Makes a new key for the settings' account, puts it into the token, fetches an access token with it, and
// only then writes it to the profile in the old one's place, atomically. The old key serves on until it is
// retired: disabled and deleted at the API, destroyed on its token. May be run again whenever it was ended:
// it first settles what is left of the last time. Fails as ssa_key_create does, and leaves the profile as it
// was then.
bool ssa_key_rotate(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                    struct ssa_ending *ending, struct ssa_error *err);

// Retires the old key of a rotation of the settings' account. at_once: also before its grace is over.
// *old_key_id is the key's id. Fails with SSA_CONFIG where none waits.
bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128],
                         struct ssa_ending *ending, struct ssa_error *err);

// Says, a line each, what ssa_key_rotate would do. Asks the API for the account's keys and changes nothing.
bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err);

// ---- The client secret on a token
// ----------------------------------------------------------------------------

// Stores the client secret (of the settings, a reference's, or asked for) as a private data object on the
// token that SSA_HSM_TOKEN, else PRIVATE_KEY names, reads it back and compares. label NULL is "APS client
// secret CLIENT_ID"; what is there under it is refused (SSA_CONFIG), unless it has the same secret, or, with
// replace, destroyed once the new one is proved. What an earlier one left is settled first. *line is the
// setting that refers to it, APS_SECRET_ID="pkcs11:…;type=data…". Fails with SSA_TOKEN where the token takes
// no such object or fails. SSA_END_LEFT: something is left, or may be, for ssa_recover.
bool ssa_secret_import(const struct ssa_run *run, const char *label, bool replace, struct ssa_text *line,
                       struct ssa_ending *ending, struct ssa_error *err);

// Destroys, after a yes (callbacks.confirm, or yes), the data object that APS_SECRET_ID names. Fails with
// SSA_KEY_MISSING where the token does not hold it. SSA_END_LEFT: it may be there still.
bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_ending *ending, struct ssa_error *err);

// ---- What did not come to its end
// ----------------------------------------------------------------------------

struct ssa_recovery {
    const char
        *key_id; // where it cannot be told which key was lost, the one that a person chose; may be NULL
    bool forget; // closes what cannot be settled, whatever is left of it
};

// Finishes or undoes each operation of the settings' client id and server that did not come to its end: a key
// that is whole on both sides gets its profile, anything else is undone; nothing is touched that the
// operation cannot be shown to have made. What comes of each is told. *found is how many there were. Fails
// with SSA_END_LEFT where one could not be settled.
bool ssa_recover(const struct ssa_run *run, const struct ssa_recovery *how, size_t *found,
                 struct ssa_ending *ending, struct ssa_error *err);

// ---- What there is, at the API and on tokens
// -------------------------------------------------------------------

// A point in time, in seconds since the epoch (UTC), as the API told it; not known where it told none.
struct ssa_time {
    bool known;
    long long seconds;
};

struct ssa_account {
    char id[128], email[256];
    char created_by[128]; // a client id
    char status[32];      // ENABLED, DISABLED, DEACTIVATED, or what else the API says
    struct ssa_time created, accessed, expires;
    bool own; // the one that the settings name
};

// The caller frees list with ssa_accounts_free, which takes an empty one.
struct ssa_accounts {
    struct ssa_account *list;
    size_t count;
};
void ssa_accounts_free(struct ssa_accounts *accounts);

// All accounts of the client id. Here as below, what the API refuses is SSA_REFUSED or SSA_CREDENTIALS, and
// what could not be asked SSA_NETWORK or SSA_RATE_LIMIT.
bool ssa_account_list(const struct ssa_run *run, struct ssa_accounts *accounts, struct ssa_error *err);

// One of them, by id or email; NULL: the settings' own (SSA_CONFIG where they have none).
bool ssa_account_show(const struct ssa_run *run, const char *account, struct ssa_account *shown,
                      struct ssa_error *err);

// Enables an account (one that is DEACTIVATED, too) or disables it: then its keys cannot be managed and no
// tokens be fetched. *after is what the API says of it afterwards; *changed is false where it was so already,
// which is no failure.
bool ssa_account_enable(const struct ssa_run *run, const char *account, bool enable,
                        struct ssa_account *after, bool *changed, struct ssa_error *err);

// Whether the private half is on a token: without a login nobody can tell.
enum ssa_private_half { SSA_PRIVATE_UNSEEN, SSA_PRIVATE_THERE, SSA_PRIVATE_MISSING };

// A token that shows a key.
struct ssa_place {
    char label[33], serial[17]; // the token's
    char slot[4];               // of a card with slots, "9a"; else empty
    char *uri;                  // the key's, ready to paste as PRIVATE_KEY; empty where it would be too long
    char modulus_sha256[65];    // in hex: the same key has the same one on whichever token
    enum ssa_private_half private_half;
};

// A key of an account: at the API, on tokens here, or both.
struct ssa_key {
    char id[128];
    char account[128], email[256]; // whose it is; the email may be unknown, and empty
    bool at_api;                   // else the API does not know it, and the next three are empty
    char status[32];               // ENABLED, DISABLED, or what else the API says
    struct ssa_time created, accessed;
    bool own;      // the one that the settings name
    bool conflict; // tokens show different keys under its id
    struct ssa_place *places;
    size_t place_count;
};

// The caller frees list with ssa_keys_free, which takes an empty one.
struct ssa_keys {
    struct ssa_key *list;
    size_t count;
};
void ssa_keys_free(struct ssa_keys *keys);

// Which keys are asked for.
struct ssa_keys_wanted {
    const char *account; // by id or email; NULL: the settings' own
    bool all;            // of all accounts of the client id
    bool login;          // look for private halves, too, on the one token that the settings name
};

// The API's keys and the tokens', joined by KEY_ID, the tokens among themselves by modulus. All tokens of the
// modules that are configured, or of the one the settings name, are looked at without a login, each module in
// a child process; one that cannot be used is told (SSA_NOTICE) and no failure. Keys that only a token has
// are listed where they name the account. With all, the API is asked no faster than its limit allows; that
// waiting is told (SSA_PROGRESS) and does not count against run->timeout; an account that is not enabled and
// whose keys the API does not list for that reason is told (SSA_WARNING) and left out. Fails with SSA_CONFIG
// where no account is named and the settings have none, with SSA_USAGE for all and an account together, and
// with login as ssa_list does.
bool ssa_key_list(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, struct ssa_keys *keys,
                  struct ssa_error *err);

// One key of an account, out of the same list. Fails with SSA_REFUSED where neither side knows it.
bool ssa_key_show(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                  struct ssa_keys *found, struct ssa_error *err);

// Enables or disables a key at the API; *changed as with ssa_account_enable.
bool ssa_key_enable(const struct ssa_run *run, const char *account, const char *key_id, bool enable,
                    bool *changed, struct ssa_error *err);

struct ssa_attribute {
    const char *name; // "CKA_SENSITIVE"; static
    bool known, value;
    bool wanted;
    bool decided; // not as wanted, and on this kind of token the token's own affair
};

// Whether the key signs by raw RSA (CKM_RSA_X_509): a signature over a ciphertext is what decrypts it,
// whatever CKA_DECRYPT says.
enum ssa_raw_rsa { SSA_RAW_RSA_UNKNOWN, SSA_RAW_RSA_REFUSED, SSA_RAW_RSA_POSSIBLE };

// What ssa_key_verify found.
struct ssa_verified {
    char key_id[128], account[128], email[256];
    char token[512]; // the token's URI
    char modulus_sha256[65];
    unsigned bits;
    size_t attribute_count; // 0: they could not be read
    struct ssa_attribute attributes[16];
    bool signature; // the challenge's signature was verified
    // CKA_ALLOWED_MECHANISMS: the names of what the key may be used with; where the token does not tell it,
    // or has none for this key, that is any mechanism. Not known where attribute_count is 0.
    bool mechanisms_known;
    size_t mechanism_count;
    char mechanisms[32][28];
    enum ssa_raw_rsa raw_rsa;
};

// Logs in to the token of the settings' key, reads its attributes back, and has it sign a challenge, which is
// verified with the public half. Asks the API nothing. On failure (SSA_TOKEN: not as it must be;
// SSA_KEY_MISSING, SSA_PIN, SSA_ABSENT) *verified holds what was found before.
bool ssa_key_verify(const struct ssa_run *run, struct ssa_verified *verified, struct ssa_error *err);

// What is to be in the record beside what the token tells.
struct ssa_evidence {
    const char *challenge; // the auditor's, at most SSA_CHALLENGE_MAX bytes of UTF-8; NULL for none
    bool ask_api;          // the API's view of the key: two requests, made before the PIN is tried
};
#define SSA_CHALLENGE_MAX 512

// Does as ssa_key_verify, and writes down what was found, with all that is known of token, module, key and
// how it came in, as JSON: *json, which the caller frees, and which is also there on failure where the
// attributes could be read. Its member "evidence" is a signature over all the others by the key itself, as a
// JWS (RFC 7515) that can be no assertion; null where what was found is not as it must be. One login, two
// signatures. Fails with SSA_USAGE for a challenge that is none, and as the API's calls do.
bool ssa_key_evidence(const struct ssa_run *run, const struct ssa_evidence *wanted,
                      struct ssa_verified *verified, struct ssa_text *json, struct ssa_error *err);

// What was done: one operation that is over. Texts are empty, and times unknown, where they do not apply.
struct ssa_event {
    const char *id;                  // of the entry
    long long sequence;              // from 1, without a gap
    const char *previous;            // the SHA-256 of the entry before, in hex
    const char *sha256;              // its own, as its file is; empty where that cannot be read
    const char *operation, *outcome; // "key create"; "done", "undone", "failed", "left", "unknown"
    const char *import;              // how its key came into the token: "plain", "wrapped"; empty: none did
    struct ssa_time started, ended;
    long long uid;
    const char *client_id, *base_url, *account, *email, *key_id, *old_key_id, *token, *key_uri, *profile,
        *note;
};

// Shows the audit trail, oldest first: that of whoever's state folder it is, of all client ids and servers.
// show borrows what it is shown.
bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event),
                 void *context, struct ssa_error *err);

// The audit trail as a chain: each entry holds the SHA-256 of the one before, as that's file is.
struct ssa_chain {
    size_t count;
    char last[65]; // the SHA-256 of the last entry: who keeps it elsewhere sees whether the end is cut off
};

// Looks whether it is unbroken. Fails with SSA_CONFIG, naming the first entry that is missing, was changed,
// or is none.
bool ssa_history_verify(const struct ssa_run *run, struct ssa_chain *chain, struct ssa_error *err);

// Destroys, after a yes for each (callbacks.confirm, or yes), keys on tokens which the API does not know any
// more and whose making under this client id and server is in the audit trail. *found is how many there were,
// *destroyed how many went.
bool ssa_key_prune(const struct ssa_run *run, bool yes, size_t *found, size_t *destroyed,
                   struct ssa_error *err);

// ---- Tokens
// ----------------------------------------------------------------------------------------------------

// One line of a listing; depth 0 is a module, 1 a token, 2 a key.
struct ssa_listing {
    unsigned depth;
    const char *uri;    // ready to paste; of a module its path
    const char *label;  // a module's description, a token's or key's label
    const char *detail; // what else is known of it, or why it could not be loaded
    bool failed;
};

// Shows every module that is configured (or the one the settings name), its tokens and, with login, the keys
// on the token that SSA_HSM_TOKEN names or, where there is one alone, on that.
bool ssa_list(const struct ssa_run *run, bool login,
              void (*show)(void *context, const struct ssa_listing *line), void *context,
              struct ssa_error *err);

#ifdef __cplusplus
}
#endif

#endif
