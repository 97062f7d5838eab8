// The import of an existing key: what is known about the key, the account and the profile.
#pragma once

#include "config/profiles.h"
#include "manage/import_source.h"
#include "manage/provision.h"

struct import {
    const struct ssa_import *what;
    struct import_source source;
    struct ssa_run run;            // with client id and client secret of the file
    struct ssa_settings *settings; // of run; a view
    struct ssa_output output;
    char profile[PATH_TEXT_MAX];
    struct ssa_settings *there; // the profile that has that name already; NULL where it cannot be read
    struct aps_account account; // that an email stands for
    bool known;                 // that profile is of this key
    bool complete;              // and has all that a new one would have: it is not written
    bool proves;                // the key is proved at the API before the file is destroyed
};

// One of the names that the file, the options, the settings or the profile gives.
static inline const char **import_value(struct import *i, enum setting id)
{
    return &i->source.old.values[id];
}

// Finds client, account, key and profile of the import, and checks them. The source has been read. Asks the API only
// for the account of an email. Fails with SSA_CONFIG or SSA_USAGE, and as the API's calls do.
bool import_take_names(struct import *i, struct provision *p, struct ssa_error *err) MUST_CHECK;

// The error that the profile exists. Returns false.
bool import_profile_exists(const struct import *i, struct ssa_error *err);
