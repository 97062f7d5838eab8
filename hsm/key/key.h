// A key on a token, and who it is.
#pragma once

#include "core/rsa_key.h"

// Who a key is and where it goes. Texts are borrowed.
struct key_name {
    const char *kid;   // its id at the API
    const char *email; // of its account; may be empty
    const char *label;
    uint8_t slot;  // of a card; 0 where a key's id is its own
    bool replaces; // another key is in that slot
};

struct key {
    unsigned long private_object, public_object; // object handles; 0 is none
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    uint8_t exponent[RSA_BYTES_MAX];
    size_t exponent_len;
    unsigned parts;        // of the template that it came in with here (enum template_part); 0: another did
    bool login_each_time;  // CKA_ALWAYS_AUTHENTICATE
    bool unsure;           // a card's slot holds the key that was to be replaced, or the new one
    bool certificate_left; // destroyed, but for its certificate
    bool overwritten;      // destroyed by a throwaway key, which is in its slot now
    char decided[128];     // uses that the token decided by itself, other than was asked
};

// The id that a key of this name has on the token. Borrowed from name.
struct span key_id(const struct key_name *name);

// A key that is on no token yet: the public numbers alone.
bool key_of_numbers(const struct rsa_key *numbers, struct key *key, struct ssa_error *err) MUST_CHECK;
