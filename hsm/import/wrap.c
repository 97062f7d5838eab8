// Transport keys, and unwrapping with them.
#include "hsm/import/wrap.h"

#include <signal.h>

#include "hsm/cryptoki/ckr.h"
#include "hsm/object/attribute.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

// PKCS#11 v3.0 section 2.14.3; p11-kit's header lacks it.
#define CKM_AES_KEY_WRAP_KWP 0x210bUL

// The same (RFC 5649) by the number of a maker who had it before the standard did; and section 3 of it, which
// this one takes as a parameter.
#define CKM_MAKERS_AES_KWP (CKM_VENDOR_DEFINED | 0x171UL)
static CK_BYTE initial_value[] = {0xa6, 0x59, 0x59, 0xa6};

// As long as the account's keys usually are.
enum { TRANSPORT_BITS = 2048 };

// PKCS#11 v2.40 section 2.1.21, CK_RSA_AES_KEY_WRAP_PARAMS; p11-kit's header lacks this, too.
struct rsa_aes_params {
    CK_ULONG aes_bits;
    CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

// In the order of preference. 0x210a is PKCS #7 padding in one module and RFC 5649 in another, and a maker's
// number may be anything at another maker's: the rehearsal tells.
const struct wrap_scheme wrap_schemes[] = {
    {CKM_RSA_AES_KEY_WRAP, 0, true, false, "CKM_RSA_AES_KEY_WRAP, SHA-256"},
    {CKM_RSA_AES_KEY_WRAP, 0, false, false, "CKM_RSA_AES_KEY_WRAP, SHA-1"},
    {0, CKM_AES_KEY_WRAP_KWP, true, false, "CKM_RSA_PKCS_OAEP, SHA-256, and CKM_AES_KEY_WRAP_KWP"},
    {0, CKM_AES_KEY_WRAP_KWP, false, false, "CKM_RSA_PKCS_OAEP, SHA-1, and CKM_AES_KEY_WRAP_KWP"},
    {0, CKM_AES_KEY_WRAP_PAD, true, false, "CKM_RSA_PKCS_OAEP, SHA-256, and CKM_AES_KEY_WRAP_PAD"},
    {0, CKM_AES_KEY_WRAP_PAD, false, false, "CKM_RSA_PKCS_OAEP, SHA-1, and CKM_AES_KEY_WRAP_PAD"},
    {0, CKM_MAKERS_AES_KWP, true, true, "CKM_RSA_PKCS_OAEP, SHA-256, and the maker's 0x80000171"},
    {0, CKM_MAKERS_AES_KWP, false, true, "CKM_RSA_PKCS_OAEP, SHA-1, and the maker's 0x80000171"},
};
const size_t wrap_scheme_count = COUNT(wrap_schemes);

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static bool offers(const struct token *token, CK_MECHANISM_TYPE type, CK_FLAGS use)
{
    CK_MECHANISM_INFO info;
    return token->module.call->C_GetMechanismInfo(token->slot, type, &info) == CKR_OK &&
           (info.flags & use) != 0;
}

bool wrap_offered(const struct token *token, const struct wrap_scheme *scheme)
{
    const bool whole = scheme->whole != 0;
    return offers(token, whole ? scheme->whole : scheme->key, CKF_UNWRAP) &&
           (whole || offers(token, CKM_RSA_PKCS_OAEP, CKF_UNWRAP)) &&
           offers(token, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
}

static bool refused(struct ssa_error *err, const struct token *token, CK_RV rv)
{
    return token_fail(err, SSA_TOKEN, rv, token, "the token makes no key to wrap another with");
}

static bool read_modulus(struct token *token, struct ssa_error *err)
{
    struct transport *t = &token->transport;
    CK_ATTRIBUTE modulus = ATTRIBUTE(CKA_MODULUS, t->modulus, sizeof t->modulus);
    const CK_RV rv = attribute_read(token, t->public_key, &modulus);
    if (rv != CKR_OK)
        return refused(err, token, ckr_is_of_attribute(rv) ? CKR_KEY_SIZE_RANGE : rv);
    t->modulus_len = rsa_strip_zeros(t->modulus, modulus.ulValueLen);
    return rsa_bits(span_of(t->modulus, t->modulus_len)) == TRANSPORT_BITS ||
           refused(err, token, CKR_KEY_SIZE_RANGE);
}

// A token without session objects may make one that stays: nothing would take that away after a crash.
static bool is_session_object(struct token *token, struct ssa_error *err)
{
    CK_BBOOL stays = CK_TRUE;
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_TOKEN, &stays, sizeof stays);
    const CK_RV rv =
        token->module.call->C_GetAttributeValue(token->session, token->transport.private_key, &attribute, 1);
    if (rv != CKR_OK)
        return refused(err, token, rv);
    return stays == CK_FALSE || error_set(err, SSA_TOKEN, NULL, token->info.uri,
                                          "a key to wrap another with would stay on the token");
}

static const uint8_t exponent[] = {1, 0, 1};

bool wrap_begin(struct token *token, struct ssa_error *err)
{
    struct transport *t = &token->transport;
    static const CK_ULONG bits = TRANSPORT_BITS;
    CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN};
    // Whether the public half is private is the token's own affair: there are some that know it one way
    // alone.
    CK_ATTRIBUTE public_half[] = {
        ATTRIBUTE(CKA_TOKEN, &no, sizeof no),
        ATTRIBUTE(CKA_ID, token->throwaway, strlen(token->throwaway)),
        ATTRIBUTE(CKA_LABEL, token->throwaway, strlen(token->throwaway)),
        ATTRIBUTE(CKA_WRAP, &yes, sizeof yes),
        ATTRIBUTE(CKA_ENCRYPT, &no, sizeof no),
        ATTRIBUTE(CKA_VERIFY, &no, sizeof no),
        ATTRIBUTE(CKA_MODULUS_BITS, &bits, sizeof bits),
        ATTRIBUTE(CKA_PUBLIC_EXPONENT, exponent, sizeof exponent),
    };
    CK_ATTRIBUTE private_half[] = {
        ATTRIBUTE(CKA_TOKEN, &no, sizeof no),
        ATTRIBUTE(CKA_PRIVATE, &yes, sizeof yes),
        ATTRIBUTE(CKA_SENSITIVE, &yes, sizeof yes),
        ATTRIBUTE(CKA_EXTRACTABLE, &no, sizeof no),
        ATTRIBUTE(CKA_UNWRAP, &yes, sizeof yes),
        ATTRIBUTE(CKA_DECRYPT, &no, sizeof no),
        ATTRIBUTE(CKA_SIGN, &no, sizeof no),
        ATTRIBUTE(CKA_ID, token->throwaway, strlen(token->throwaway)),
        ATTRIBUTE(CKA_LABEL, token->throwaway, strlen(token->throwaway)),
    };
    if (t->private_key != CK_INVALID_HANDLE)
        return true;
    const CK_RV rv = token->module.call->C_GenerateKeyPair(
        token->session, &mechanism, public_half, COUNT(public_half), private_half, COUNT(private_half),
        &t->public_key, &t->private_key);
    if (rv != CKR_OK) {
        *t = (struct transport){0};
        token->throwaway_left |= !ckr_surely_not_made(rv);
        return refused(err, token, rv);
    }
    if (is_session_object(token, err) && read_modulus(token, err))
        return true;
    wrap_end(token);
    return false;
}

bool wrap_seal(const struct token *token, const struct wrap_scheme *scheme, const struct rsa_key *numbers,
               struct sealed *sealed, struct ssa_error *err)
{
    const struct transport *t = &token->transport;
    const struct seal_for to = {.modulus = span_of(t->modulus, t->modulus_len),
                                .exponent = span_of(exponent, sizeof exponent),
                                .sha256 = scheme->sha256};
    return seal(numbers, &to, sealed, err);
}

static CK_RV unwrap_aes(struct token *token, CK_MECHANISM *mechanism, const struct sealed *sealed,
                        CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *object)
{
    return token->module.call->C_UnwrapKey(token->session, mechanism, token->transport.private_key,
                                           sealed->bytes.data, sealed->aes_len, template, attributes, object);
}

// The AES key becomes a session object that can do nothing but unwrap.
static CK_RV open_aes(struct token *token, CK_MECHANISM *mechanism, const struct sealed *sealed,
                      CK_OBJECT_HANDLE *object)
{
    static const CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    static const CK_KEY_TYPE type = CKK_AES;
    static const CK_ULONG bytes = SEAL_AES_BYTES;
    CK_ATTRIBUTE template[] = {
        ATTRIBUTE(CKA_CLASS, &class, sizeof class),
        ATTRIBUTE(CKA_KEY_TYPE, &type, sizeof type),
        ATTRIBUTE(CKA_TOKEN, &no, sizeof no),
        ATTRIBUTE(CKA_PRIVATE, &yes, sizeof yes),
        ATTRIBUTE(CKA_SENSITIVE, &yes, sizeof yes),
        ATTRIBUTE(CKA_EXTRACTABLE, &no, sizeof no),
        ATTRIBUTE(CKA_UNWRAP, &yes, sizeof yes),
        ATTRIBUTE(CKA_WRAP, &no, sizeof no),
        ATTRIBUTE(CKA_ENCRYPT, &no, sizeof no),
        ATTRIBUTE(CKA_DECRYPT, &no, sizeof no),
        ATTRIBUTE(CKA_ID, token->throwaway, strlen(token->throwaway)),
        ATTRIBUTE(CKA_LABEL, token->throwaway, strlen(token->throwaway)),
        ATTRIBUTE(CKA_VALUE_LEN, &bytes, sizeof bytes),
    };
    // By the standard the length comes with the key, and most refuse it here; a few want it.
    const CK_RV rv = unwrap_aes(token, mechanism, sealed, template, COUNT(template) - 1, object);
    if (!ckr_is_of_template(rv))
        return rv;
    return unwrap_aes(token, mechanism, sealed, template, COUNT(template), object) == CKR_OK ? CKR_OK : rv;
}

CK_RV wrap_open(struct token *token, const struct wrap_scheme *scheme, const struct sealed *sealed,
                CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *object)
{
    CK_FUNCTION_LIST *call = token->module.call;
    CK_RSA_PKCS_OAEP_PARAMS oaep = {.hashAlg = scheme->sha256 ? CKM_SHA256 : CKM_SHA_1,
                                    .mgf = scheme->sha256 ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1,
                                    .source = CKZ_DATA_SPECIFIED};
    struct rsa_aes_params both = {.aes_bits = SEAL_AES_BYTES * 8UL, .oaep = &oaep};
    struct secret bytes = sealed->bytes; // borrowed
    if (scheme->whole != 0) {
        CK_MECHANISM whole = {scheme->whole, &both, sizeof both};
        return call->C_UnwrapKey(token->session, &whole, token->transport.private_key, bytes.data, bytes.len,
                                 template, attributes, object);
    }
    CK_MECHANISM first = {CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep}, then = {.mechanism = scheme->key};
    if (scheme->initial_value)
        then = (CK_MECHANISM){scheme->key, initial_value, sizeof initial_value};
    CK_OBJECT_HANDLE aes = CK_INVALID_HANDLE;
    CK_RV rv = open_aes(token, &first, sealed, &aes);
    if (rv != CKR_OK)
        return rv;
    rv = call->C_UnwrapKey(token->session, &then, aes, bytes.data + sealed->aes_len,
                           bytes.len - sealed->aes_len, template, attributes, object);
    // A session object: what cannot be destroyed now ends with the session.
    if (call->C_DestroyObject(token->session, aes) != CKR_OK)
        token->throwaway_left = true;
    return rv;
}

void wrap_end(struct token *token)
{
    struct transport *t = &token->transport;
    const CK_OBJECT_HANDLE objects[] = {t->private_key, t->public_key};
    // The same goes for these.
    for (size_t i = 0; i < COUNT(objects); i++)
        if (objects[i] != CK_INVALID_HANDLE &&
            token->module.call->C_DestroyObject(token->session, objects[i]) != CKR_OK)
            token->throwaway_left = true;
    *t = (struct transport){0};
}
