// Getting a new key: what the stories of an account, a key and a rotation have in common. It is asked of the
// API, put into the token, proved; what fails on the way is undone.
#ifndef SSA_MANAGE_NEW_KEY_H
#define SSA_MANAGE_NEW_KEY_H

#include "manage/provision.h"
#include "manage/undo.h"
#include "signer/api_client.h"

// One of them under way; freed by work_end whatever happened.
struct work {
    const char *client_id;
    struct client_secret secret;
    struct aps *client;
    struct provision p;
    struct made made;
};
void work_end(struct work *w);
#define WORK_AUTO __attribute__((cleanup(work_end))) struct work
#define WORK_NONE                                                                                            \
    {                                                                                                        \
        .p = {.target = {.fd = -1}, .journal = {.fd = -1} }                                                  \
    }

// All that can fail before the API is asked for anything.
bool work_prepare(struct work *w, const struct ssa_run *run, const struct ssa_output *output,
                  const struct provisioning *what, struct ssa_ending *ending,
                  struct ssa_error *err) MUST_CHECK;

// The block of what was made so far. Borrows from w.
struct profile_block work_block(const struct work *w);

// Writes the account to the journal; refuses where another is at work on it.
bool work_claim(struct work *w, struct ssa_error *err) MUST_CHECK;

// A key for w->made.account, in the token and proved.
bool work_make_key(struct work *w, struct ssa_error *err) MUST_CHECK;

// Undoes what was made, after a failure that err tells. Returns false.
bool work_undo(struct work *w, struct ssa_error *err);

#endif
