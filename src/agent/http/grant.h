// The answer that has an access token in it.
#pragma once

#include "agent/cache/access.h"
#include "agent/http/microhttpd.h"

// NULL where the access token has ended, or there is no memory. The answer has the API's members; with all, it also has
// the time of the end and the scope.
struct MHD_Response *grant_make(const struct access *access, long long now_ms, bool all);
