// Undoing what a creation has made at the API when it cannot be finished, and saying what came of it.
#ifndef SSA_MANAGE_UNDO_H
#define SSA_MANAGE_UNDO_H

#include <time.h>

#include "aps/aps.h"
#include "core/ending.h"
#include "hsm/import/removal.h"
#include "journal/entry.h"

// What a creation has made so far.
struct made {
    const struct entry *entry; // what the journal says of it
    struct aps_account account;
    bool new_account;       // this creation made it
    struct window asked;    // for it, or the key
    enum aps_outcome key;   // whether a key was made
    char kid[APS_ID_MAX];   // its id; empty where the answer was lost
    struct aps_keys before; // the account's keys before, for one that is not new
    bool not_ours;          // an account of the name was found, and is somebody else's
    bool unsure;            // a card's slot holds the key that was to be replaced, or the new one
    char left_on_token[KEY_REMOVAL_MAX]; // the command that removes what is left there; empty for nothing
};

// Deletes the new account, or the new key of an older one, where it may go (manage/ownership.h), and says in
// *ending what is gone or left. err is why.
void undo(struct aps *client, const struct ssa_run *run, struct made *made, struct ssa_ending *ending,
          const struct ssa_error *err);

// The same for an account whose own answer was lost: found by its name, and deleted only if it was made while
// this waited for it and has no keys.
void undo_lost_account(struct aps *client, const struct ssa_run *run, const char *name, struct made *made,
                       struct ssa_ending *ending, const struct ssa_error *err);

// The account's keys that are not among those before, for one request. Fails, too, where the list lacks what
// it must have.
bool keys_since(struct aps *client, const struct ssa_run *run, const char *account,
                const struct api_ids *before, struct aps_keys *fresh, struct ssa_error *err) MUST_CHECK;

// Whether a key can have been made in that time, and nobody has its private half: one that was used since it
// was made is somebody's.
bool made_within(const struct window *window, const struct aps_key *key);

// Whether a key is among them.
bool keys_have(const struct aps_keys *keys, const char *kid);

#endif
