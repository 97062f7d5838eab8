// The options of token and exec about access tokens that are kept for later runs.
#pragma once

#include "cli/command/common.h"

extern const struct option option_cache, option_fresh, option_min_ttl;

// Reads them. Fails with SSA_USAGE.
bool cache_read(const struct arguments *arguments, struct ssa_cache *cache, struct ssa_error *err) MUST_CHECK;
