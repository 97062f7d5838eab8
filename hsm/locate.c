// Finding what is left of a key, whole or not, by the URI that was written down for it.
#include "hsm/certificate.h"
#include "hsm/object.h"
#include "hsm/slot.h"

// The exponent as well: key_read needs it for nothing, a proof does.
static bool read_numbers(struct token *token, struct key *key, struct ssa_error *err)
{
    if (!key_read(token, key, err))
        return false;
    // Where the modulus came from beside it, the exponent did, too.
    if (key->exponent_len == 0)
        key_read_exponent(token, key);
    return true;
}

static bool locate_by_id(struct token *token, struct span id, struct key *key, enum located *located,
                         struct ssa_error *err)
{
    if (!object_find(token, CKO_PRIVATE_KEY, id, &key->private_object, err) ||
        !object_find(token, CKO_PUBLIC_KEY, id, &key->public_object, err))
        return false;
    const bool any = key->private_object != CK_INVALID_HANDLE || key->public_object != CK_INVALID_HANDLE;
    *located = any ? LOCATED : LOCATED_NOTHING;
    return key->private_object == CK_INVALID_HANDLE || read_numbers(token, key, err);
}

bool card_certificate(struct token *token, struct span id, char name[static CERTIFICATE_NAME_MAX],
                      bool *there, struct ssa_error *err)
{
    uint8_t der[CERTIFICATE_MAX];
    CK_OBJECT_HANDLE certificate = CK_INVALID_HANDLE;
    CK_ATTRIBUTE value = ATTRIBUTE(CKA_VALUE, der, sizeof der);
    name[0] = '\0';
    if (!object_find(token, CKO_CERTIFICATE, id, &certificate, err))
        return false;
    *there = certificate != CK_INVALID_HANDLE;
    if (!*there)
        return true;
    const CK_RV rv = attribute_read(token, certificate, &value);
    if (rv == CKR_BUFFER_TOO_SMALL)
        return true;
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "a certificate on the card cannot be read");
    if (!certificate_name(span_of(der, value.ulValueLen), name))
        name[0] = '\0';
    return true;
}

// "EMAIL KEY_ID", of which the email may be empty.
static bool names_kid(const char *name, const char *kid)
{
    const char *blank = strrchr(name, ' ');
    return strcmp(blank == NULL ? name : blank + 1, kid) == 0;
}

// A key that no certificate goes with must not be touched: reading it can crash the module.
static bool locate_in_slot(struct token *token, uint8_t id, const char *kid, struct key *key,
                           enum located *located, struct ssa_error *err)
{
    char name[CERTIFICATE_NAME_MAX];
    bool certified = false;
    struct card_slot slot;
    const struct span span = span_of(&id, 1);
    if (!slot_look(token, id, &slot, err) || !card_certificate(token, span, name, &certified, err))
        return false;
    *located = !slot.used ? LOCATED_NOTHING : !certified ? LOCATED_NAMELESS : LOCATED_ANOTHER;
    if (!certified || !names_kid(name, kid))
        return true;
    *located = LOCATED;
    if (!object_find(token, CKO_PRIVATE_KEY, span, &key->private_object, err))
        return false;
    return key->private_object == CK_INVALID_HANDLE || read_numbers(token, key, err);
}

bool key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                enum located *located, struct ssa_error *err)
{
    const CK_ATTRIBUTE *id = uri_attribute(uri, CKA_ID);
    *key = (struct key){0};
    *slot = 0;
    *located = LOCATED_NOTHING;
    if (id == NULL || id->ulValueLen == 0)
        return error_set(err, SSA_CONFIG, NULL, token->info.uri, "the key's URI has no id");
    if (!session_as(token, CKU_USER, err))
        return false;
    const struct span span = span_of(id->pValue, id->ulValueLen);
    if (!token_has_slots(token))
        return locate_by_id(token, span, key, located, err);
    if (span.len != 1 || slot_name(span.data[0]) == NULL)
        return error_set(err, SSA_CONFIG, NULL, token->info.uri, "the key's URI names no slot of a card");
    *slot = span.data[0];
    return locate_in_slot(token, *slot, kid, key, located, err);
}

void key_take_nameless(struct key *key)
{
    key->private_object = CK_UNAVAILABLE_INFORMATION;
}

bool token_matches(const struct token *token, const struct uri *uri)
{
    CK_INFO info;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO about;
    const CK_FUNCTION_LIST *call = token->module.call;
    return call->C_GetInfo(&info) == CKR_OK && call->C_GetSlotInfo(token->slot, &slot) == CKR_OK &&
           call->C_GetTokenInfo(token->slot, &about) == CKR_OK &&
           uri_matches(uri, &info, &slot, token->slot, &about);
}
