// Whether a URI names a token, and which attributes it asks for. For hsm alone.
#pragma once

#include <p11-kit/uri.h>

#include "hsm/cryptoki/cryptoki.h"

struct uri;

// A struct uri is p11-kit's type under a name of ours.
static inline P11KitUri *uri_kit(const struct uri *uri)
{
    return (P11KitUri *)(uintptr_t)uri;
}

// Pads what a URI is compared by. Text in a URI may have other padding, too, if it was copied from a token. There
// p11-kit marks a field that is not given by a zero byte at its start, which stays (given_only).
void uri_pad(CK_INFO *module, CK_SLOT_INFO *slot, CK_TOKEN_INFO *token, bool given_only);

// Whether the URI names the token, by everything that it says. Padding of either kind is not compared.
bool uri_matches(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                 const CK_TOKEN_INFO *token);

// Whether a key's URI names the token by its serial number. The serial number must be a real one; label and model may
// differ.
bool uri_matches_by_serial(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                           const CK_TOKEN_INFO *token);

// Sets the token's label and model to those in the URI, where it has them.
void uri_call_token(const struct uri *uri, CK_TOKEN_INFO *token);

// Whether the serial number looks like that of one card, and not like a filler ("00000000").
bool uri_serial_is_real(const CK_UTF8CHAR serial[static 16]);

// The URI's attribute (CKA_ID, CKA_LABEL), or NULL.
const CK_ATTRIBUTE *uri_attribute(const struct uri *uri, CK_ATTRIBUTE_TYPE type);
