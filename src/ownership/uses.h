// What on this host still needs a key or an account.
#pragma once

#include "aps/aps.h"
#include "journal/entry.h"

// What is asked: whether something names this id.
struct use {
    const struct ssa_run *run;
    const struct entry *entry; // of the operation whose profile is looked at, too, and whose draft is not
    const char *id;            // of a key or an account
    const char *thing;         // "key"
    bool on_token;             // a profile that has the key itself, as PEM, does not need what a token has
    bool by_environment;       // the names that this run was given count
};

// Whether nothing names it: no file that may be a profile, by KEY_ID, by the key's URI or in any other way,
// and nothing that this run was told. Fails with SSA_CONFIG where something does, or where that cannot be
// found out: a profile that cannot be read is no proof that it does not.
bool uses_none(const struct use *use, struct ssa_error *err) MUST_CHECK;
