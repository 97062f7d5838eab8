// Doing something with the first profile whose token serves.
#ifndef SSA_SIGNER_FAILOVER_H
#define SSA_SIGNER_FAILOVER_H

#include "pin/policy.h"

// One try, with the profile that run's settings have in use.
typedef bool profile_try(void *context, const struct ssa_run *run, struct pin_tries *pins,
                         struct ssa_error *err);

// Tries the profiles in their order for as long as it is the token that fails, and tells of each failure and
// of what is used in its stead. The last failure is the error. That each profile has a key is known before
// the first try.
bool with_failover(const struct ssa_run *run, profile_try *try, void *context,
                   struct ssa_error *err) MUST_CHECK;

#endif
