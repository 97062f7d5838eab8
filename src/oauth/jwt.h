// The assertion: a JWT (RFC 7519) in compact serialisation (RFC 7515 section 3.1), signed elsewhere.
#pragma once

#include "core/secret.h"

// Room for an assertion: header and claims of some hundred characters, a long scope list, 683 of signature.
#define ASSERTION_MAX 16384U

// All text is borrowed.
struct jwt_claims {
    const char *kid;    // header: the key's id
    const char *issuer; // client id
    const char *subject;
    const char *audience;
    const char *scope;    // separated by single spaces
    long long expires;    // seconds since the epoch
    long long not_before; // the same; 0 leaves nbf out
};

// Room for an assertion with these claims, at most ASSERTION_MAX.
size_t jwt_room(const struct jwt_claims *claims);

// Appends the signing input, base64url(header) "." base64url(claims).
bool jwt_signing_input(const struct jwt_claims *claims, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Appends "." base64url(signature), which makes the assertion whole.
bool jwt_add_signature(struct secret *assertion, struct span signature, struct ssa_error *err) MUST_CHECK;

// Appends header and claims as readable JSON: {"header": …, "claims": …}, indented, with a line break.
bool jwt_describe(const struct jwt_claims *claims, struct secret *out, struct ssa_error *err) MUST_CHECK;
