// How a key is going to come into a token: what a rehearsal found out, as a value that the import is given.
#pragma once

#include "core/rsa_key.h"
#include "hsm/token/token.h"

// The key pair that the token made for one import: objects of one session.
struct transport {
    unsigned long public_key, private_key; // object handles; 0 is none
    unsigned session;                      // which of the token's sessions it is
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
};

#define WHY_PLAIN_MAX 640U

struct wrap_scheme;
struct import_plan {
    const struct wrap_scheme *scheme; // how the token unwraps the key; NULL: it comes in plainly
    char why_plain[WHY_PLAIN_MAX];    // though the token says that it unwraps keys; else empty
    unsigned parts;                   // of the private key's template (enum template_part)
    bool public_half;                 // the public key becomes an object, too
    const char *throwaway;            // id and label of what is there for a moment; borrowed
    bool throwaway_left;              // something of it may be on the token
    struct transport transport;       // made in a rehearsal, and ended by the import
};

// The plan of a token whose quirks say all that there is to know. throwaway is borrowed.
struct import_plan import_plan_for(const struct token *token, const char *throwaway);

// Whether the key is told which mechanisms it may be used with (CKA_ALLOWED_MECHANISMS). Where the token does
// not take that, raw RSA with the key decrypts, whatever its CKA_DECRYPT says.
bool import_plan_limits_mechanisms(const struct import_plan *plan);
