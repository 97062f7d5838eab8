// Paths with ids in them.
#ifndef SSA_APS_PATH_H
#define SSA_APS_PATH_H

#include "oauth/call.h"

// Writes "/service-accounts/ID" and what follows. Fails with SSA_USAGE for what can be no id: "..", as a
// key's, would have made the deletion of a key that of its account.
bool path_of_account(const char *account, const char *rest, char path[static CALL_PATH_MAX],
                     struct ssa_error *err) MUST_CHECK;

// Writes "/service-accounts/ID/keys/KID".
bool path_of_key(const char *account, const char *kid, char path[static CALL_PATH_MAX],
                 struct ssa_error *err) MUST_CHECK;

#endif
