// Whether a URI names a token, and which attributes it asks for. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/uri/uri.h"

// Whether the URI names the token, by all that stands in it. Padding of either kind is not compared.
bool uri_matches(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                 const CK_TOKEN_INFO *token);
// Whether a key's URI names the token by its serial number, if that tells cards apart; label and model may
// differ.
bool uri_matches_by_serial(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                           const CK_TOKEN_INFO *token);
// Gives the token the label and the model that the URI says, where it says them.
void uri_call_token(const struct uri *uri, CK_TOKEN_INFO *token);
// Whether the serial number can belong to one card alone, and is not a filler like "00000000".
bool uri_serial_is_real(const CK_UTF8CHAR serial[static 16]);
// The URI's attribute (CKA_ID, CKA_LABEL), or NULL.
const CK_ATTRIBUTE *uri_attribute(const struct uri *uri, CK_ATTRIBUTE_TYPE type);
