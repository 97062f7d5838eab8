// Paths with ids in them.
#pragma once

#include "oauth/call.h"

// Writes "/service-accounts/ID" and rest. Fails with SSA_USAGE for an invalid id: with ".." as a key id, the
// deletion of a key would become the deletion of its account.
bool path_of_account(const char *account, const char *rest, char path[static CALL_PATH_MAX],
                     struct ssa_error *err) MUST_CHECK;

// Writes "/service-accounts/ID/keys/KID".
bool path_of_key(const char *account, const char *kid, char path[static CALL_PATH_MAX],
                 struct ssa_error *err) MUST_CHECK;
