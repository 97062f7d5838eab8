// What an operation that changes something writes down of itself: never key material, PINs or secrets.
#pragma once

#include <stdlib.h>
#include <time.h>

#include "config/paths.h"
#include "core/api.h"
#include "core/fingerprint.h"
#include "hsm/uri/uri.h"

#define JOURNAL_ID_MAX 48U

// The time in which something that was asked for can have been made: by the server's clock, in seconds; 0 is
// unknown.
struct window {
    time_t from;  // it was asked for
    time_t until; // no answer was waited for any more
};

enum operation {
    OP_ACCOUNT_CREATE,
    OP_ACCOUNT_ENABLE,
    OP_ACCOUNT_DISABLE,
    OP_ACCOUNT_DELETE,
    OP_KEY_CREATE,
    OP_KEY_IMPORT,
    OP_KEY_ROTATE,
    OP_KEY_ENABLE,
    OP_KEY_DISABLE,
    OP_KEY_DELETE,
    OP_KEY_PRUNE,
    OP_SECRET_IMPORT,
    OP_SECRET_REMOVE,
    OPERATION_COUNT
};

// How far it has come. What a step allows to have happened may have happened before the next is written.
enum step {
    STEP_BEGUN,         // nothing was asked for
    STEP_REHEARSING,    // nor now, but something throwaway may be on the token
    STEP_ASKED,         // of an operation of one request: that is on its way
    STEP_ACCOUNT_ASKED, // an account may be there
    STEP_ACCOUNT_MADE,  // it is
    STEP_KEY_ASKED,     // a key may be there
    STEP_KEY_MADE,      // it is, and may be in the token
    STEP_IMPORTED,      // it is there, and proved; the profile may be in place
    STEP_SWITCHED,      // of a rotation: the profile names the new key; the old one serves on
    STEP_RETIRING,      // and is on its way out
    STEP_CLOSED,
    STEP_COUNT
};

enum outcome {
    OUTCOME_NONE,
    OUTCOME_DONE,
    OUTCOME_UNDONE,  // what it had made is gone again
    OUTCOME_FAILED,  // nothing was changed
    OUTCOME_LEFT,    // something may be left, and a person said to let it be
    OUTCOME_UNKNOWN, // it was interrupted, and whether it was carried out cannot be seen
    OUTCOME_COUNT
};

struct entry {
    enum operation operation;
    enum step step;
    enum outcome outcome;
    time_t started, ended;
    struct window asked;  // for the account, or the key
    time_t account_asked; // by the server's clock, as window is
    time_t retire_at;     // of a rotation: the old key is to serve until then; 0: until somebody says so
    long long uid, pid;
    char id[JOURNAL_ID_MAX];         // what its file's name is, or, of a closed one, ends with
    long long line;                  // which one of its file, from 1
    long long sequence;              // of a closed one, from 1; 0: not given yet
    long long empty_before;          // data objects with nothing in them, on a client secret's token; -1: not known
    char previous[FINGERPRINT_TEXT]; // the SHA-256 of the closed one before, as its file is
    bool replaces_profile;           // one that is there may be replaced
    bool replaces_block;             // of an import: that one is the block which its key comes from
    bool slot_was_used;              // its key was to be destroyed
    bool id_was_free;                // nothing on the token had the key's id, or what had was to be replaced
    bool retires_at_once;
    char client_id[API_ID_MAX], base_url[PATH_TEXT_MAX];
    char name[API_NAME_MAX]; // of an account that is to be made
    char account[API_ID_MAX], email[API_EMAIL_MAX];
    char kid[API_ID_MAX];
    char old_kid[API_ID_MAX], old_key_uri[URI_TEXT_MAX]; // of a rotation
    char profile[PATH_TEXT_MAX], draft[PATH_TEXT_MAX];
    char profile_before[FINGERPRINT_TEXT]; // what was in its place: a fingerprint of whose key it names
    char token[URI_TEXT_MAX];              // with its module
    char slot[4];
    char import[8]; // how its key comes in: "plain", "wrapped"
    char label[PATH_TEXT_MAX], key_uri[URI_TEXT_MAX];
    char modulus[FINGERPRINT_TEXT]; // of the key that comes in: its fingerprint
    char throwaway[API_ID_MAX];     // id and label of what is on the token for this operation's time alone
    char note[PATH_TEXT_MAX];
    struct api_ids before; // the account's keys before: their ids
    bool vouched;          // of one that was read: its checksum says, or the chain of the history, that it is as it
                           // was written
};

// An empty entry, which is too large for a stack; freed by free. NULL with err filled where there is no
// memory.
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

// Notes in a few words what came of the operation. What is too long is cut.
void entry_note(struct entry *entry, const char *line);

// What it is about, for messages: an account's id or name, a client secret's label.
const char *entry_subject(const struct entry *entry);

// Whether it is about the client secret on a token, and so about no account.
bool entry_is_about_secret(const struct entry *entry);
