// A key on a token, and its names.
#pragma once

#include "core/rsa_key.h"

// A key's names, and where it goes. Texts are borrowed.
struct key_name {
    const char *kid;   // its id at the API
    const char *email; // of its account; may be empty
    const char *label;
    uint8_t slot;  // of a card with slots; else 0
    bool replaces; // the slot holds another key, which this one replaces
};

struct key {
    unsigned long private_object, public_object; // object handles; 0: none
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    uint8_t exponent[RSA_BYTES_MAX];
    size_t exponent_len;
    unsigned parts;        // the template that this process imported it with (enum template_part); else 0
    bool login_each_time;  // CKA_ALWAYS_AUTHENTICATE
    bool unsure;           // it is unknown whether the card's slot holds this key or the one that it replaces
    bool certificate_left; // the key is destroyed, but its certificate is still there
    bool overwritten;      // it was destroyed by a throwaway key, which is in its slot now
    char decided[128];     // uses that the token set to another value than it was asked to
};

// The id that a key of this name has on the token. Borrowed from name.
static inline struct span key_id(const struct key_name *name)
{
    return name->slot != 0 ? span_of(&name->slot, 1) : span_text(name->kid);
}
