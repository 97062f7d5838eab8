#include "cli/token/cache.h"

enum { LEAST_USUAL = 60, LEAST_MOST = 24 * 60 * 60 };

const struct option option_cache = {"cache", .help = "keep the access token in the kernel's keyring, and use it again"};
const struct option option_fresh = {"fresh", .help = "get a new access token, and keep it in place of the old one"};
const struct option option_min_ttl = {"min-ttl", "SECONDS", .help = "how long a kept access token must be valid",
                                      .preset = "60"};

bool cache_read(const struct arguments *a, struct ssa_cache *cache, struct ssa_error *err)
{
    const char *least = option_value(a, &option_min_ttl);
    *cache = (struct ssa_cache){
        .asked = option_given(a, &option_cache), .fresh = option_given(a, &option_fresh), .least = LEAST_USUAL};
    return least == NULL || parse_seconds(least, &option_min_ttl, 0, LEAST_MOST, &cache->least, err);
}
