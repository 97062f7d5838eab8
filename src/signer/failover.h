// Failover: where a PKCS#11 token is absent, locked or broken, the next profile's token is used.
#pragma once

#include "pin/policy.h"

// One try, with the profile that run's settings have in use.
typedef bool profile_try(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err);

// Tries the profiles in their order, as long as the PKCS#11 token is the reason of a failure. Warns of each failure,
// and names the next profile. The error is the last one. It first checks that each profile has a key.
bool with_failover(const struct ssa_run *run, profile_try *try, void *context, struct ssa_error *err) MUST_CHECK;
