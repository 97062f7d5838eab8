// From a PKCS#11 token that is absent, locked or broken to the next profile's.
#pragma once

#include "pin/policy.h"

// One try, with the profile that run's settings have in use.
typedef bool profile_try(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err);

// Tries the profiles in their order, as long as it is the PKCS#11 token that fails. Tells of each failure and
// of the profile that is used next. The error is the last one. Before the first try it is checked that each
// profile has a key.
bool with_failover(const struct ssa_run *run, profile_try *try, void *context, struct ssa_error *err) MUST_CHECK;
