#include "hsm/key/locate.h"

#include "hsm/cryptoki/ckr.h"
#include "hsm/key/public.h"
#include "hsm/key/slot.h"
#include "hsm/login/login_again.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/uri/uri_match.h"

// Reads one attribute; *len is 0 where the object does not have it.
static bool read_attribute(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE attribute, size_t *len,
                           struct ssa_error *err)
{
    const CK_RV rv = attribute_read(token, object, &attribute);
    *len = rv == CKR_OK ? attribute.ulValueLen : 0;
    return rv == CKR_OK || ckr_is_of_attribute(rv) ||
           token_fail(err, SSA_TOKEN, rv, token, "the key's attributes cannot be read");
}

// Reads modulus and exponent, which a proof needs, and whether each signature wants a login. A half without a modulus
// was not written completely.
static bool read_half(struct token *token, CK_OBJECT_HANDLE object, struct key *key, struct ssa_error *err)
{
    CK_BBOOL each_time = CK_FALSE;
    const CK_ATTRIBUTE modulus = ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus),
                       exponent = ATTRIBUTE(CKA_PUBLIC_EXPONENT, key->exponent, sizeof key->exponent);
    CK_ATTRIBUTE login = ATTRIBUTE(CKA_ALWAYS_AUTHENTICATE, &each_time, sizeof each_time);
    size_t len = 0;
    if (!read_attribute(token, object, modulus, &len, err) ||
        !read_attribute(token, object, exponent, &key->exponent_len, err))
        return false;
    key->modulus_len = rsa_strip_zeros(key->modulus, len);
    key_settle_exponent(key);
    // Some modules fail when they do not know it: then the answer is no.
    key->login_each_time = attribute_read(token, object, &login) == CKR_OK && login.ulValueLen == sizeof each_time &&
                           each_time != CK_FALSE;
    return true;
}

static bool check_label(struct token *token, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *wanted, bool *same,
                        struct ssa_error *err)
{
    if (wanted == NULL)
        return true;
    const CK_RV rv = attribute_compare_label(token, object, span_of(wanted->pValue, wanted->ulValueLen), same);
    return rv == CKR_OK || token_fail(err, SSA_TOKEN, rv, token, "the key's label cannot be read");
}

// Finds the object of this class and id. *another is set where there are several, or where its label is not this key's.
static bool find_half(struct token *token, CK_OBJECT_CLASS class, const struct uri *uri, struct key *half,
                      CK_OBJECT_HANDLE *object, bool *another, struct ssa_error *err)
{
    const CK_ATTRIBUTE *id = uri_attribute(uri, CKA_ID);
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), *id};
    CK_OBJECT_HANDLE found[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    CK_ULONG count = 0;
    bool same = true;
    if (!object_find_some(token, template, COUNT(template), found, COUNT(found), &count, err))
        return false;
    *object = count == 0 ? CK_INVALID_HANDLE : found[0];
    if (count > 0 && (!check_label(token, *object, uri_attribute(uri, CKA_LABEL), &same, err) ||
                      !read_half(token, *object, half, err)))
        return false;
    *another |= count > 1 || !same;
    return true;
}

static bool locate_by_id(struct token *token, const struct uri *uri, struct key *key, enum located *located,
                         struct ssa_error *err)
{
    struct key public_half = {0};
    bool another = false;
    if (!find_half(token, CKO_PRIVATE_KEY, uri, key, &key->private_object, &another, err) ||
        !find_half(token, CKO_PUBLIC_KEY, uri, &public_half, &key->public_object, &another, err))
        return false;
    const struct span one = span_of(key->modulus, key->modulus_len);
    const struct span other = span_of(public_half.modulus, public_half.modulus_len);
    another |= one.len > 0 && other.len > 0 && !span_equal(one, other);
    if (one.len == 0) {
        memcpy(key->modulus, public_half.modulus, sizeof key->modulus);
        memcpy(key->exponent, public_half.exponent, sizeof key->exponent);
        key->modulus_len = public_half.modulus_len;
        key->exponent_len = public_half.exponent_len;
    }
    const bool any = key->private_object != CK_INVALID_HANDLE || key->public_object != CK_INVALID_HANDLE;
    *located = another ? LOCATED_ANOTHER : any ? LOCATED : LOCATED_NOTHING;
    return true;
}

bool locate_certificate(struct token *token, struct span id, char name[static CERTIFICATE_NAME_MAX], bool *there,
                        struct ssa_error *err)
{
    uint8_t der[CERTIFICATE_MAX] = {0};
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
        return token_fail(err, SSA_TOKEN, rv, token, "a certificate on the card cannot be read");
    if (!certificate_name(span_of(der, value.ulValueLen), name))
        name[0] = '\0';
    return true;
}

// The name is "EMAIL KEY_ID". The email may be empty.
static bool names_kid(const char *name, const char *kid)
{
    const char *blank = strrchr(name, ' ');
    return strcmp(blank == NULL ? name : blank + 1, kid) == 0;
}

// A key without a certificate must not be touched: reading it can crash the module.
static bool locate_in_slot(struct token *token, uint8_t id, const char *kid, struct key *key, enum located *located,
                           struct ssa_error *err)
{
    char name[CERTIFICATE_NAME_MAX];
    bool certified = false;
    struct card_slot slot;
    const struct span span = span_of(&id, 1);
    if (!slot_look(token, id, &slot, err) || !locate_certificate(token, span, name, &certified, err))
        return false;
    *located = !slot.used ? LOCATED_NOTHING : !certified ? LOCATED_NAMELESS : LOCATED_ANOTHER;
    if (!certified || !names_kid(name, kid))
        return true;
    *located = LOCATED;
    if (!object_find(token, CKO_PRIVATE_KEY, span, &key->private_object, err))
        return false;
    return key->private_object == CK_INVALID_HANDLE || read_half(token, key->private_object, key, err);
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
    if (!login_as(token, CKU_USER, err))
        return false;
    const struct span span = span_of(id->pValue, id->ulValueLen);
    if (!slot_must_be_chosen(token))
        return locate_by_id(token, uri, key, located, err);
    if (span.len != 1 || slot_name(span.data[0]) == NULL)
        return error_set(err, SSA_CONFIG, NULL, token->info.uri, "the key's URI names no slot of a card");
    *slot = span.data[0];
    return locate_in_slot(token, *slot, kid, key, located, err);
}

void key_take_nameless(struct key *key)
{
    key->private_object = CK_UNAVAILABLE_INFORMATION;
}
