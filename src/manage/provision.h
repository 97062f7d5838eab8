// What the ways of getting a key into a PKCS#11 token have in common: a journal, a place for the profile, a
// token that takes a key, and an undoing.
#pragma once

#include "config/profile_write.h"
#include "core/ending.h"
#include "hsm/import/plan.h"
#include "journal/journal.h"
#include "recovery/opened.h"

// One provisioning under way. Account, key, names and progress stand
// in the journal's entry alone.
struct provision {
    const struct ssa_output *output;
    struct ssa_ending *ending;
    struct opened open;
    struct journal journal;
    struct profile_target target;
    struct secret rest;       // what a profile that is replaced holds beside our names
    struct secret pem;        // the one buffer of the private key; wiped when it has been imported
    struct import_plan plan;  // how the key comes into the token
    struct key key;           // on open.to
    enum oauth_outcome asked; // what came of the last request that makes something
    bool in_place;            // the profile is: what fails now is no reason to undo anything
    struct ssa_ending ignored;
};

// What is wanted: which parts of a provisioning there are.
struct provisioning {
    enum operation operation;
    const char *client_id; // where that is not the settings'; NULL else
    bool with_secret;      // the new block has the client secret, so that an old one in the file goes
    bool without_key;      // no token
    bool without_profile;  // no file: the block is shown alone
};

// An empty one; ending may be NULL. It is freed, with all that it holds, by provision_free. NULL with err
// filled where there is no memory.
struct provision *provision_new(const struct ssa_run *run, const struct ssa_output *output, struct ssa_ending *ending,
                                struct ssa_error *err) MUST_CHECK;
void provision_free(struct provision **p);
#define PROVISION_AUTO __attribute__((cleanup(provision_free))) struct provision

// Makes sure, before the API or a file is asked for a key, that there is locked memory for it, a journal, a
// file for the profile, and a token that takes it.
bool provision_prepare(struct provision *p, const struct provisioning *what, struct ssa_error *err) MUST_CHECK;

// Undoes, by what the journal's entry says, what an operation has made whose next step failed with err, says
// in p->ending what is gone again and what is left, and closes the entry, unless something is left. Returns
// false.
bool provision_undo(struct provision *p, const struct ssa_error *err);
