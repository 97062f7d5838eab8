// Whether something on this host still names a key or an account, and so may need it.
#pragma once

#include "aps/aps.h"
#include "journal/entry.h"

struct use {
    const struct ssa_run *run;
    const struct entry *entry; // the operation's profile is also read, its draft is not
    const char *id;            // of a key or an account
    const char *thing;         // "key"
    bool on_token;             // of a key on a PKCS#11 token: a profile that has the key as PEM does not need that
    bool by_environment;       // the environment's names count, too
};

// Whether nothing names the id: no file that may be a profile (in KEY_ID, in the key's URI or in any other way), and
// not the environment. Fails with SSA_CONFIG where something names it, or where a file cannot be read: that file may
// name it.
bool uses_none(const struct use *use, struct ssa_error *err) MUST_CHECK;
