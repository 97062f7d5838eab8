#include "hsm/key/public.h"

#include "hsm/key/certificate.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum { ID_MAX = 256 };

bool key_of_numbers(const struct rsa_key *numbers, struct key *key, struct ssa_error *err)
{
    *key = (struct key){.modulus_len = numbers->n.len, .exponent_len = numbers->e.len};
    if (numbers->n.len > sizeof key->modulus || numbers->e.len > sizeof key->exponent)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the key's public numbers are too long");
    memcpy(key->modulus, numbers->n.data, numbers->n.len);
    memcpy(key->exponent, numbers->e.data, numbers->e.len);
    return true;
}

static bool read_public_object(struct token *token, CK_OBJECT_HANDLE object, struct key *key, struct ssa_error *err)
{
    uint8_t modulus[RSA_BYTES_MAX] = {0}, exponent[RSA_BYTES_MAX] = {0};
    CK_ATTRIBUTE half[] = {ATTRIBUTE(CKA_MODULUS, modulus, sizeof modulus),
                           ATTRIBUTE(CKA_PUBLIC_EXPONENT, exponent, sizeof exponent)};
    const CK_RV rv = attributes_read(token, object, half, COUNT(half));
    const size_t len = rv == CKR_OK ? rsa_strip_zeros(modulus, attribute_len(&half[0])) : 0;
    if (len == 0)
        return key->modulus_len > 0 ||
               token_fail(err, SSA_TOKEN, rv == CKR_OK ? CKR_ATTRIBUTE_TYPE_INVALID : rv, token,
                          "the key has no modulus, and the public key with its id has none either");
    if (key->modulus_len > 0 && !span_equal(span_of(modulus, len), span_of(key->modulus, key->modulus_len)))
        return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                         "the public key with this id on the token belongs to another key");
    memcpy(key->modulus, modulus, sizeof modulus);
    key->modulus_len = len;
    key->exponent_len = attribute_len(&half[1]);
    memcpy(key->exponent, exponent, sizeof exponent);
    return true;
}

// A certificate for another kind of key tells nothing.
static bool read_certificate(struct token *token, struct span id, struct key *key, struct ssa_error *err)
{
    uint8_t der[CERTIFICATE_MAX] = {0};
    CK_ATTRIBUTE value = ATTRIBUTE(CKA_VALUE, der, sizeof der);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!object_find(token, CKO_CERTIFICATE, id, &object, err))
        return false;
    if (object == CK_INVALID_HANDLE || attribute_read(token, object, &value) != CKR_OK)
        return true;
    if (!certificate_numbers(span_of(der, value.ulValueLen), key))
        key->modulus_len = 0;
    return true;
}

static bool read_beside(struct token *token, struct span id, struct key *key, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!object_find(token, CKO_PUBLIC_KEY, id, &object, err))
        return false;
    if (object != CK_INVALID_HANDLE)
        return read_public_object(token, object, key, err);
    return key->modulus_len > 0 || read_certificate(token, id, key, err);
}

void key_settle_exponent(struct key *key)
{
    static const uint8_t usual[] = {1, 0, 1};
    if (key->exponent_len > 0)
        return;
    memcpy(key->exponent, usual, sizeof usual);
    key->exponent_len = sizeof usual;
}

bool key_read_public(struct token *token, struct key *key, struct ssa_error *err)
{
    uint8_t id[ID_MAX] = {0};
    CK_ATTRIBUTE own[] = {ATTRIBUTE(CKA_ID, id, sizeof id),
                          ATTRIBUTE(CKA_PUBLIC_EXPONENT, key->exponent, sizeof key->exponent)};
    const CK_RV rv = attributes_read(token, key->private_object, own, COUNT(own));
    const size_t id_len = rv == CKR_OK ? attribute_len(&own[0]) : 0;
    key->exponent_len = rv == CKR_OK ? attribute_len(&own[1]) : 0;
    if (id_len > 0 && !read_beside(token, span_of(id, id_len), key, err))
        return false;
    key_settle_exponent(key);
    return true;
}

bool key_read(struct token *token, struct key *key, struct ssa_error *err)
{
    CK_BBOOL each_time = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus),
        ATTRIBUTE(CKA_ALWAYS_AUTHENTICATE, &each_time, sizeof each_time),
    };
    const CK_RV rv = attributes_read(token, key->private_object, attributes, COUNT(attributes));
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "the key's attributes cannot be read");
    key->modulus_len = rsa_strip_zeros(key->modulus, attribute_len(&attributes[0]));
    // Where the module does not tell, the answer is no.
    key->login_each_time = attributes[1].ulValueLen == sizeof each_time && each_time != CK_FALSE;
    // A private key's object need not have a modulus (PKCS#11 v2.40 section 2.1.3), and a key may have no public half:
    // it signs all the same.
    return key->modulus_len > 0 || key_read_public(token, key, err);
}
