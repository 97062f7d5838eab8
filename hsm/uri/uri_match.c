// Comparing URIs with tokens.
#include "hsm/uri/uri_match.h"

#include <p11-kit/uri.h>

#include "hsm/cryptoki/padding.h"
#include "hsm/uri/uri_kit.h"

const CK_ATTRIBUTE *uri_attribute(const struct uri *uri, CK_ATTRIBUTE_TYPE type)
{
    return p11_kit_uri_get_attribute(uri_kit(uri), type);
}

bool uri_matches(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                 const CK_TOKEN_INFO *token)
{
    P11KitUri *kit = uri_kit(uri);
    const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(kit);
    CK_INFO m = *module;
    CK_SLOT_INFO s = *slot;
    CK_TOKEN_INFO t = *token;
    padded_write(m.manufacturerID, sizeof m.manufacturerID);
    padded_write(m.libraryDescription, sizeof m.libraryDescription);
    padded_write(s.manufacturerID, sizeof s.manufacturerID);
    padded_write(s.slotDescription, sizeof s.slotDescription);
    padded_write(t.label, sizeof t.label);
    padded_write(t.serialNumber, sizeof t.serialNumber);
    padded_write(t.model, sizeof t.model);
    padded_write(t.manufacturerID, sizeof t.manufacturerID);
    if (wanted != (CK_SLOT_ID)-1 && wanted != id)
        return false;
    if (!p11_kit_uri_match_module_info(kit, &m) || !p11_kit_uri_match_slot_info(kit, &s))
        return false;
    return p11_kit_uri_match_token_info(kit, &t);
}

// What a driver's new version may call otherwise.
void uri_call_token(const struct uri *uri, CK_TOKEN_INFO *token)
{
    const CK_TOKEN_INFO *wanted = p11_kit_uri_get_token_info(uri_kit(uri));
    if (wanted->label[0] != '\0')
        memcpy(token->label, wanted->label, sizeof token->label);
    if (wanted->model[0] != '\0')
        memcpy(token->model, wanted->model, sizeof token->model);
}

// How many of the digits are one more than the one before, and how many the same.
static size_t steps(const CK_UTF8CHAR *serial, size_t len, int by)
{
    size_t count = 0;
    for (size_t i = 1; i < len; i++)
        count += serial[i] - serial[i - 1] == by ? 1 : 0;
    return count;
}

bool uri_serial_is_real(const CK_UTF8CHAR serial[static 16])
{
    enum { SHORTEST = 4 };
    const size_t len = padded_length(serial, 16);
    // "00000000", "ffff", "1234": what is written where nobody numbers.
    return len >= SHORTEST && steps(serial, len, 0) + 1 < len && steps(serial, len, 1) + 1 < len;
}

bool uri_matches_by_serial(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                           const CK_TOKEN_INFO *token)
{
    CK_TOKEN_INFO called = *token;
    if (uri_attribute(uri, CKA_ID) == NULL ||
        !uri_serial_is_real(p11_kit_uri_get_token_info(uri_kit(uri))->serialNumber))
        return false;
    uri_call_token(uri, &called);
    return uri_matches(uri, module, slot, id, &called);
}
