// The signed assertion (RFC 7523 section 3): its claims, from the settings, and its signature.
#pragma once

#include "config/identity.h"
#include "hsm/key/key.h"
#include "hsm/token/token.h"
#include "oauth/jwt.h"
#include "oauth/scope.h"

enum { ASSERTION_LIFETIME_MAX = 300 };

// What an assertion is made of. The times are set when it is signed: a person may take minutes over a PIN.
struct assertion {
    const struct ssa_run *run;
    struct identity identity;
    struct jwt_claims claims;
    unsigned lifetime;
    bool not_before;
    char scope[SCOPE_MAX];
};

// Fills it from the settings and the request.
bool assertion_prepare(struct assertion *a, const struct ssa_run *run, const struct ssa_token_request *request,
                       struct ssa_error *err) MUST_CHECK;

// Fills scope (NULL: the settings'), audience and lifetime alone.
bool assertion_prepare_scope(struct assertion *a, const struct ssa_run *run, const char *scope,
                             struct ssa_error *err) MUST_CHECK;

// Room for an assertion. Warns where the memory cannot be locked.
bool assertion_new(const struct ssa_run *run, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Puts into out what is signed, with the times of now.
bool assertion_input(struct assertion *a, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Does that, and appends the signature of a token that is logged in to: by key, or, where that is NULL, by
// the key that uri names. Not once the person wants to stop.
bool assertion_sign(struct assertion *a, struct token *token, const struct uri *uri, const struct key *key,
                    struct secret *out, struct ssa_error *err) MUST_CHECK;
