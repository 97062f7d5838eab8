// The answer that has an access token in it.
#pragma once

#include "agent/cache/access.h"
#include "agent/http/microhttpd.h"

// NULL where the access token has ended, or there is no memory. As the API tells it; with all, also when it ends, and
// its scope.
struct MHD_Response *grant_make(const struct access *access, long long now_ms, bool all);
