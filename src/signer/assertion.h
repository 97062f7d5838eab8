// The signed assertion (RFC 7523 section 3): its claims, from the settings, and its signature.
#pragma once

#include "config/identity.h"
#include "hsm/key/key.h"
#include "hsm/token/token.h"
#include "oauth/jwt.h"
#include "oauth/scope.h"

enum { ASSERTION_LIFETIME_MAX = 300 };

// The parts of an assertion. The times are set when it is signed, since a person may need minutes to type a PIN.
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

// Fills only scope (NULL: the settings'), audience and lifetime.
bool assertion_prepare_scope(struct assertion *a, const struct ssa_run *run, const char *scope,
                             struct ssa_error *err) MUST_CHECK;

// Makes a buffer for an assertion. Warns where the memory cannot be locked.
bool assertion_new(const struct ssa_run *run, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Writes the text to be signed, with the current times, into out.
bool assertion_input(struct assertion *a, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Does that, and appends the signature. The PKCS#11 token, where the user is logged in, signs with key; where that is
// NULL, with the key that uri names. Fails when the person wants to stop.
bool assertion_sign(struct assertion *a, struct token *token, const struct uri *uri, const struct key *key,
                    struct secret *out, struct ssa_error *err) MUST_CHECK;
