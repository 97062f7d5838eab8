// How a key comes into a token. A rehearsal fills it in, and the import follows it.
#pragma once

#include "core/rsa_key.h"
#include "hsm/token/token.h"

// The key pair that the token makes for one import: objects of one session.
struct transport {
    unsigned long public_key, private_key; // object handles; 0: none
    unsigned session;                      // which of the token's sessions it is
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
};

#define WHY_PLAIN_MAX 640U

struct wrap_scheme;
struct import_plan {
    const struct wrap_scheme *scheme; // how the token unwraps the key; NULL: it is given the key plainly
    char why_plain[WHY_PLAIN_MAX];    // where it is plain although the token says that it unwraps keys; else empty
    unsigned parts;                   // of the private key's template (enum template_part)
    bool public_half;                 // the public key becomes an object, too
    const char *throwaway;            // id and label of objects that are there for a moment; borrowed
    bool throwaway_left;              // some of these may still be on the token
    struct transport transport;       // made by the rehearsal, destroyed by the import
};
