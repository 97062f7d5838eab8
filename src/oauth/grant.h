// What a grant says beside the access token (RFC 6749 section 5.1).
#pragma once

#include "core/error.h"
#include "core/span.h"
#include "oauth/scope.h"

struct grant_terms {
    char scope[SCOPE_MAX]; // empty where it does not say one
    long long lifetime;    // in seconds; 0 where it does not say one, or none that can be used
};

// Reads them.
bool grant_read_terms(struct span answer, struct grant_terms *terms, struct ssa_error *err) MUST_CHECK;
