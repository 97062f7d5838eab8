// What a grant says beside the access token (RFC 6749 section 5.1).
#pragma once

#include "core/secret.h"
#include "oauth/scope.h"

struct grant_terms {
    char scope[SCOPE_MAX]; // empty where it does not say one
    long long lifetime;    // in seconds; 0 where it does not say one, or none that can be used
    bool says_lifetime;    // it says something
};

// Copies an answer that json_indent has written, with another expires_in where it has one. False where it does not fit.
bool grant_count_down(struct span indented, long long seconds, struct secret *out) MUST_CHECK;

// Reads them.
bool grant_read_terms(struct span answer, struct grant_terms *terms, struct ssa_error *err) MUST_CHECK;
