// What is left of a key, whole or not.
#pragma once

#include "hsm/key/certificate.h"
#include "hsm/uri/uri.h"

struct token;

// What is where a key's URI points. On a card, whose slots hold keys of any name, the slot's certificate
// tells.
enum located {
    LOCATED_NOTHING,
    LOCATED,          // the key, or its public half alone: then private_object is 0
    LOCATED_ANOTHER,  // another's: a card's key whose certificate names another; an object of another label
                      // or key; several
    LOCATED_NAMELESS, // of a card: a key without a certificate, as an import leaves it that was broken off
};

// Looks, the user having logged in, what is left of the key that was written down with this URI; *slot
// becomes the card's. The modulus is that of the half that is there; without one where that has none yet.
// Fails with SSA_TOKEN, or SSA_CONFIG where the URI has no id.
bool key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                enum located *located, struct ssa_error *err) MUST_CHECK;

// Makes *key stand for the nameless key in a slot, for destroy_key: it is not to be touched in any other way.
void key_take_nameless(struct key *key);

// Reads what the certificate beside a card's key says, as certificate_name does; empty where it is not ours.
// *there: whether there is a certificate.
bool locate_certificate(struct token *token, struct span id, char name[static CERTIFICATE_NAME_MAX], bool *there,
                        struct ssa_error *err) MUST_CHECK;
