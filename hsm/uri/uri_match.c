#include "hsm/uri/uri_match.h"

#include "hsm/cryptoki/padding.h"

void uri_pad(CK_INFO *module, CK_SLOT_INFO *slot, CK_TOKEN_INFO *token, bool given_only)
{
    const struct {
        CK_UTF8CHAR *text;
        size_t width;
    } fields[] = {
        {module->manufacturerID, sizeof module->manufacturerID},
        {module->libraryDescription, sizeof module->libraryDescription},
        {slot->manufacturerID, sizeof slot->manufacturerID},
        {slot->slotDescription, sizeof slot->slotDescription},
        {token->label, sizeof token->label},
        {token->serialNumber, sizeof token->serialNumber},
        {token->model, sizeof token->model},
        {token->manufacturerID, sizeof token->manufacturerID},
    };
    for (size_t i = 0; i < COUNT(fields); i++)
        if (!given_only || fields[i].text[0] != '\0')
            padded_write(fields[i].text, fields[i].width);
}

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
    uri_pad(&m, &s, &t, false);
    if (wanted != (CK_SLOT_ID)-1 && wanted != id)
        return false;
    if (!p11_kit_uri_match_module_info(kit, &m) || !p11_kit_uri_match_slot_info(kit, &s))
        return false;
    return p11_kit_uri_match_token_info(kit, &t);
}

// A driver's new version may change both.
void uri_call_token(const struct uri *uri, CK_TOKEN_INFO *token)
{
    const CK_TOKEN_INFO *wanted = p11_kit_uri_get_token_info(uri_kit(uri));
    if (wanted->label[0] != '\0')
        memcpy(token->label, wanted->label, sizeof token->label);
    if (wanted->model[0] != '\0')
        memcpy(token->model, wanted->model, sizeof token->model);
}

// How many digits differ by so much from the digit before.
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
    // "00000000", "ffff", "1234": makers who do not number their tokens write this.
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
