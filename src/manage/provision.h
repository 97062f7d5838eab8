// Provisioning: the common parts of all operations that put a key on a PKCS#11 token. They need a journal, a place for
// the profile and a token that takes a key, and they are undone where a step fails.
#pragma once

#include "config/profile_write.h"
#include "hsm/import/plan.h"
#include "journal/journal.h"
#include "recovery/recovery.h"

// A key that the PKCS#11 token may have already. Borrows.
struct sought {
    const char *kid;     // NULL: none is sought
    const char *uri;     // where a profile says that it is; NULL where none does
    struct span modulus; // empty where it is not known: then the key must be where uri says
};

// One provisioning. The account, the key, their names and the progress are in the journal's entry.
struct provision {
    const struct ssa_output *output;
    struct ssa_ending *ending;
    struct opened open;
    struct journal journal;
    struct profile_target target;
    struct secret rest;      // the other lines of the profile that is replaced
    struct secret pem;       // the only buffer of the private key; wiped after the import
    struct import_plan plan; // how the key is imported
    struct key key;          // on open.to
    struct sought sought;
    bool found;               // open.to has the key that was sought, and none is imported
    enum oauth_outcome asked; // the outcome of the last request that makes something
    bool in_place;            // the profile is in place: a failure after that undoes nothing
    struct ssa_ending ignored;
};

// Which parts a provisioning has.
struct provisioning {
    enum operation operation;
    const char *client_id; // where it is not the settings' client id; else NULL
    bool with_secret;      // the new block has the client secret, so an old one in the file is removed
    bool without_key;      // no token is needed
    bool without_profile;  // no file is written: the block is only shown
};

// Makes an empty one; ending may be NULL. provision_free frees it with all that it has. NULL with err filled where
// there is no memory.
struct provision *provision_new(const struct ssa_run *run, const struct ssa_output *output, struct ssa_ending *ending,
                                struct ssa_error *err) MUST_CHECK;
void provision_free(struct provision **p);
#define PROVISION_AUTO __attribute__((cleanup(provision_free))) struct provision

// Finds the token, and sees whether the profile may be written: before a person has to type a secret.
bool provision_look_ahead(struct provision *p, const struct provisioning *what, struct ssa_error *err) MUST_CHECK;

// Makes sure, before a key is made or read, that there is locked memory for it, a journal, a file for the profile, and
// a token that takes the key.
bool provision_prepare(struct provision *p, const struct provisioning *what, struct ssa_error *err) MUST_CHECK;

// Undoes an operation whose next step failed with err: removes what the journal's entry says that it has made.
// p->ending says what was removed and what is left. Closes the entry, unless something is left. Returns false.
bool provision_undo(struct provision *p, const struct ssa_error *err);

// Fills *created with the block, as it is shown for the profile at path.
bool provision_show(const struct provision *p, const struct profile_block *block, const char *path,
                    struct ssa_created *created, struct ssa_error *err) MUST_CHECK;

// Writes the profile with this block (NULL: opened_block's), fills *created and ends the journal's entry. A rotation's
// entry stays open, since the old key is still there. A failure before the profile is in place is undone.
bool provision_profile(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                       struct ssa_error *err) MUST_CHECK;
