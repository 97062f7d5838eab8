// Finding what is left of a key, which may be incomplete.
#pragma once

#include "hsm/key/certificate.h"
#include "hsm/uri/uri.h"

struct token;

// The object that was found where a key's URI points to. In a card's slot, the certificate tells whose key it is.
enum located {
    LOCATED_NOTHING,
    LOCATED,          // the key, or only its public half: then private_object is 0
    LOCATED_ANOTHER,  // another key, by its certificate, label or modulus; or several objects
    LOCATED_NAMELESS, // on a card: a key without a certificate, left by an import that was broken off
};

// Looks for everything that is left of the key that was recorded with this URI. The user must have logged in. *slot
// becomes the card's slot, else 0. The modulus comes from the half that is there; it may have none yet. Fails with
// SSA_TOKEN, or with SSA_CONFIG where the URI has no id.
bool key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                enum located *located, struct ssa_error *err) MUST_CHECK;

// Makes *key stand for the nameless key in a slot, for destroy_key. It must not be used for anything else.
void key_take_nameless(struct key *key);

// Reads the names in the certificate beside a card's key, as certificate_name does; empty where it is not ours. *there
// becomes whether there is a certificate.
bool locate_certificate(struct token *token, struct span id, char name[static CERTIFICATE_NAME_MAX], bool *there,
                        struct ssa_error *err) MUST_CHECK;
