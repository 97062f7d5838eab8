// An entry of the journal: what an operation that changes something writes about itself. It never has key material,
// PINs or secrets.
#pragma once

#include <stdlib.h>
#include <time.h>

#include "config/paths.h"
#include "core/api.h"
#include "core/fingerprint.h"
#include "hsm/uri/uri.h"

#define JOURNAL_ID_MAX 48U

// The time in which the API can have made what it was asked for: by the server's clock, in seconds; 0 is unknown.
struct window {
    time_t from;  // when the request was sent
    time_t until; // when the wait for its answer ended
};

enum operation {
    OP_ACCOUNT_CREATE,
    OP_ACCOUNT_ENABLE,
    OP_ACCOUNT_DISABLE,
    OP_ACCOUNT_DELETE,
    OP_ACCOUNT_PROVISION,
    OP_KEY_CREATE,
    OP_KEY_IMPORT,
    OP_KEY_ROTATE,
    OP_KEY_ENABLE,
    OP_KEY_DISABLE,
    OP_KEY_DELETE,
    OP_KEY_PRUNE,
    OP_SECRET_IMPORT,
    OP_SECRET_REMOVE,
    OP_PROFILE_REMOVE,
    OPERATION_COUNT
};

// How far the operation has come. A step is written before anything that it allows is done.
enum step {
    STEP_BEGUN,         // the API was not asked for anything
    STEP_REHEARSING,    // the same, but a throwaway object may be on the PKCS#11 token
    STEP_ASKED,         // of an operation with one request: the request may have been sent
    STEP_ACCOUNT_ASKED, // the API may have made an account
    STEP_ACCOUNT_MADE,  // it has made the account
    STEP_KEY_ASKED,     // the API may have made a key
    STEP_KEY_MADE,      // it has made the key, and the key may be on the PKCS#11 token
    STEP_IMPORTED,      // the key is on the token, and proved; the profile may be in place
    STEP_SWITCHED,      // of a rotation: the profile names the new key, and the old key still works
    STEP_RETIRING,      // the old key may be deleted
    STEP_CLOSED,
    STEP_COUNT
};

enum outcome {
    OUTCOME_NONE,
    OUTCOME_DONE,
    OUTCOME_UNDONE,  // what it had made was removed again
    OUTCOME_FAILED,  // nothing was changed
    OUTCOME_LEFT,    // something may be left, and a person wants to leave it
    OUTCOME_UNKNOWN, // it was interrupted, and nobody knows whether it was carried out
    OUTCOME_COUNT
};

struct entry {
    enum operation operation;
    enum step step;
    enum outcome outcome;
    time_t started, ended;
    struct window asked;  // for the account, or the key
    time_t account_asked; // by the server's clock, like the window
    time_t retire_at;     // of a rotation: the old key is kept until then; 0: until a person ends it
    long long uid, pid;
    char id[JOURNAL_ID_MAX];         // the name of its file; of a closed entry, the end of that name
    long long line;                  // its number in the file, from 1
    long long sequence;              // of a closed entry, from 1; 0: not given yet
    long long empty_before;          // empty data objects on a client secret's token before; -1: not known
    char previous[FINGERPRINT_TEXT]; // the SHA-256 of the file of the closed entry before
    bool replaces_profile;           // an existing profile may be replaced
    bool replaces_block;             // of an import: that profile is the block that has the key
    bool slot_was_used;              // the slot had a key, which was to be destroyed
    bool id_was_free;                // no object that was to stay on the token had the key's id
    bool retires_at_once;
    char client_id[API_ID_MAX], base_url[PATH_TEXT_MAX];
    char name[API_NAME_MAX]; // of a new account
    char account[API_ID_MAX], email[API_EMAIL_MAX];
    char project[API_ID_MAX]; // that the account is added to
    char kid[API_ID_MAX];
    char old_kid[API_ID_MAX], old_key_uri[URI_TEXT_MAX]; // of a rotation
    char profile[PATH_TEXT_MAX], draft[PATH_TEXT_MAX];
    char profile_before[FINGERPRINT_TEXT]; // a fingerprint of the names in the profile that was there before
    char token[URI_TEXT_MAX];              // with its module
    char slot[4];
    char import[8]; // how the key is imported: "plain", "wrapped"
    char label[PATH_TEXT_MAX], key_uri[URI_TEXT_MAX];
    char modulus[FINGERPRINT_TEXT]; // the fingerprint of the key that is imported
    char throwaway[API_ID_MAX];     // id and label of objects that the token has only during this operation
    char note[PATH_TEXT_MAX];
    struct api_ids before; // the ids of the account's keys before the operation
    bool vouched;          // its checksum, or the chain of the history, shows that it was not changed
};

// Makes an empty entry, which is too large for the stack. free frees it. NULL with err filled where there is no memory.
struct entry *entry_new(struct ssa_error *err) MUST_CHECK;

static inline void entry_drop(struct entry **entry)
{
    free(*entry);
}
#define ENTRY_AUTO __attribute__((cleanup(entry_drop))) struct entry

// The operation as it is typed: "key create".
const char *entry_operation_name(enum operation operation);
const char *entry_outcome_name(enum outcome outcome);
const char *entry_step_name(enum step step);

// Notes in a few words how the operation ended. A text that is too long is cut.
void entry_note(struct entry *entry, const char *line);

// The thing that the entry is about, for messages: an account's id or name, a client secret's label, or a profile.
const char *entry_subject(const struct entry *entry);

// Whether it is about a client secret on a PKCS#11 token, and not about an account.
bool entry_is_about_secret(const struct entry *entry);

// A closed entry, as the library gives it to its caller. Borrows everything. id is the name of its file, sha256 is that
// file's hash.
struct ssa_event event_of(const char *id, const struct entry *entry, const char *sha256);

// Whether an entry has all that its step and its operation need, and its paths are absolute. Fails with SSA_CONFIG.
bool entry_check(const struct entry *entry, struct ssa_error *err) MUST_CHECK;
