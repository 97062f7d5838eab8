#include "hsm/import/wrap.h"

#include "hsm/cryptoki/ckr.h"
#include "hsm/object/attribute.h"
#include "hsm/object/template.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

// PKCS#11 v3.0 section 2.14.3; p11-kit's header lacks it.
#define CKM_AES_KEY_WRAP_KWP 0x210bUL

// RFC 5649 under the number of a maker who had it before the standard. Its parameter is the initial value of RFC 5649
// section 3.
#define CKM_MAKERS_AES_KWP (CKM_VENDOR_DEFINED | 0x171UL)
static CK_BYTE initial_value[] = {0xa6, 0x59, 0x59, 0xa6};

// As long as the account's keys usually are.
enum { TRANSPORT_BITS = 2048 };

// PKCS#11 v2.40 section 2.1.21, CK_RSA_AES_KEY_WRAP_PARAMS; p11-kit's header lacks this, too.
struct rsa_aes_params {
    CK_ULONG aes_bits;
    CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

// In the order of preference. 0x210a (CKM_AES_KEY_WRAP_PAD) is PKCS #7 padding in one module and RFC 5649 in another,
// and one maker's number may mean anything in another maker's module: the rehearsal finds out.
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

static const uint8_t exponent[] = {1, 0, 1};

bool wrap_offers(const struct token *token, CK_MECHANISM_TYPE type, CK_FLAGS use)
{
    CK_MECHANISM_INFO info;
    return call_get_mechanism_info(token->module.call, token->slot, type, &info) == CKR_OK && (info.flags & use) != 0;
}

bool wrap_offered(const struct token *token, const struct wrap_scheme *scheme)
{
    const bool whole = scheme->whole != 0;
    return wrap_offers(token, whole ? scheme->whole : scheme->key, CKF_UNWRAP) &&
           (whole || wrap_offers(token, CKM_RSA_PKCS_OAEP, CKF_UNWRAP)) &&
           wrap_offers(token, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
}

static bool refused(struct ssa_error *err, const struct token *token, CK_RV rv)
{
    return token_fail(err, SSA_TOKEN, rv, token, "the token makes no key to wrap another with");
}

static bool read_modulus(struct token *token, struct transport *t, struct ssa_error *err)
{
    CK_ATTRIBUTE modulus = ATTRIBUTE(CKA_MODULUS, t->modulus, sizeof t->modulus);
    const CK_RV rv = attribute_read(token, t->public_key, &modulus);
    if (rv != CKR_OK)
        return refused(err, token, ckr_is_of_attribute(rv) ? CKR_KEY_SIZE_RANGE : rv);
    t->modulus_len = rsa_strip_zeros(t->modulus, modulus.ulValueLen);
    return rsa_bits(span_of(t->modulus, t->modulus_len)) == TRANSPORT_BITS || refused(err, token, CKR_KEY_SIZE_RANGE);
}

// A token without session objects may make one that stays, and nothing would remove it after a crash.
static bool is_session_object(struct token *token, const struct transport *t, struct ssa_error *err)
{
    CK_BBOOL stays = CK_TRUE;
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_TOKEN, &stays, sizeof stays);
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, t->private_key, &attribute, 1);
    if (rv != CKR_OK)
        return refused(err, token, rv);
    return stays == CK_FALSE ||
           error_set(err, SSA_TOKEN, NULL, token->info.uri, "a key to wrap another with would stay on the token");
}

// The keys that unwrap do nothing else, and end with the session.
static void add_unwrapping(struct object_template *t, const char *name)
{
    template_add_flag(t, CKA_TOKEN, false);
    template_add_flag(t, CKA_PRIVATE, true);
    template_add_flag(t, CKA_SENSITIVE, true);
    template_add_flag(t, CKA_EXTRACTABLE, false);
    template_add_flag(t, CKA_UNWRAP, true);
    template_add_flag(t, CKA_DECRYPT, false);
    template_add_span(t, CKA_ID, span_text(name));
    template_add_span(t, CKA_LABEL, span_text(name));
}

// CKA_PRIVATE is left out: some tokens accept only one value for a public key.
static void add_wrapping(struct object_template *t, const char *name)
{
    static const CK_ULONG bits = TRANSPORT_BITS;
    template_add_flag(t, CKA_TOKEN, false);
    template_add_span(t, CKA_ID, span_text(name));
    template_add_span(t, CKA_LABEL, span_text(name));
    template_add_flag(t, CKA_WRAP, true);
    template_add_flag(t, CKA_ENCRYPT, false);
    template_add_flag(t, CKA_VERIFY, false);
    template_add(t, CKA_MODULUS_BITS, &bits, sizeof bits);
    template_add(t, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
}

static bool is_alive(const struct token *token, const struct transport *t)
{
    return t->private_key != CK_INVALID_HANDLE && token->session != CK_INVALID_HANDLE && t->session == token->sessions;
}

bool wrap_begin(struct token *token, struct import_plan *plan, struct ssa_error *err)
{
    struct transport *t = &plan->transport;
    CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN};
    struct object_template public_half = {0}, private_half = {0};
    if (is_alive(token, t))
        return true;
    add_wrapping(&public_half, plan->throwaway);
    add_unwrapping(&private_half, plan->throwaway);
    template_add_flag(&private_half, CKA_SIGN, false);
    *t = (struct transport){.session = token->sessions};
    const CK_RV rv = call_generate_key_pair(token->module.call, token->session, &mechanism, public_half.attributes,
                                            public_half.count, private_half.attributes, private_half.count,
                                            &t->public_key, &t->private_key);
    if (rv != CKR_OK) {
        *t = (struct transport){0};
        plan->throwaway_left |= !ckr_surely_not_made(rv);
        return refused(err, token, rv);
    }
    if (is_session_object(token, t, err) && read_modulus(token, t, err))
        return true;
    wrap_end(token, plan);
    return false;
}

bool wrap_seal(const struct import_plan *plan, const struct rsa_key *numbers, struct sealed *sealed,
               struct ssa_error *err)
{
    const struct transport *t = &plan->transport;
    const struct seal_for to = {.modulus = span_of(t->modulus, t->modulus_len),
                                .exponent = span_of(exponent, sizeof exponent),
                                .sha256 = plan->scheme->sha256};
    return seal(numbers, &to, sealed, err);
}

// The last attributes of the template are left out, as many as without says.
static CK_RV unwrap_aes(struct token *token, const struct import_plan *plan, CK_MECHANISM *mechanism,
                        const struct sealed *sealed, struct object_template *t, CK_ULONG without,
                        CK_OBJECT_HANDLE *object)
{
    return call_unwrap_key(token->module.call, token->session, mechanism, plan->transport.private_key,
                           sealed->bytes.data, sealed->aes_len, t->attributes, t->count - without, object);
}

// The AES key becomes a session object that can do nothing but unwrap.
static CK_RV open_aes(struct token *token, const struct import_plan *plan, CK_MECHANISM *mechanism,
                      const struct sealed *sealed, CK_OBJECT_HANDLE *object)
{
    static const CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    static const CK_KEY_TYPE type = CKK_AES;
    static const CK_ULONG bytes = SEAL_AES_BYTES;
    struct object_template t = {0};
    template_add(&t, CKA_CLASS, &class, sizeof class);
    template_add(&t, CKA_KEY_TYPE, &type, sizeof type);
    add_unwrapping(&t, plan->throwaway);
    template_add_flag(&t, CKA_WRAP, false);
    template_add_flag(&t, CKA_ENCRYPT, false);
    template_add(&t, CKA_VALUE_LEN, &bytes, sizeof bytes);
    // By the standard the length comes with the key: most tokens refuse it in the template, and a few want it.
    const CK_RV rv = unwrap_aes(token, plan, mechanism, sealed, &t, 1, object);
    if (!ckr_is_of_template(rv))
        return rv;
    return unwrap_aes(token, plan, mechanism, sealed, &t, 0, object) == CKR_OK ? CKR_OK : rv;
}

CK_RV wrap_open(struct token *token, struct import_plan *plan, const struct sealed *sealed, struct object_template *t,
                CK_OBJECT_HANDLE *object)
{
    struct remote *call = token->module.call;
    const struct wrap_scheme *scheme = plan->scheme;
    CK_RSA_PKCS_OAEP_PARAMS oaep = {.hashAlg = scheme->sha256 ? CKM_SHA256 : CKM_SHA_1,
                                    .mgf = scheme->sha256 ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1,
                                    .source = CKZ_DATA_SPECIFIED};
    struct rsa_aes_params both = {.aes_bits = SEAL_AES_BYTES * 8UL, .oaep = &oaep};
    struct secret bytes = sealed->bytes; // borrowed
    if (scheme->whole != 0) {
        CK_MECHANISM whole = {scheme->whole, &both, sizeof both};
        return call_unwrap_key(call, token->session, &whole, plan->transport.private_key, bytes.data, bytes.len,
                               t->attributes, t->count, object);
    }
    CK_MECHANISM first = {CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep}, then = {.mechanism = scheme->key};
    if (scheme->initial_value)
        then = (CK_MECHANISM){scheme->key, initial_value, sizeof initial_value};
    CK_OBJECT_HANDLE aes = CK_INVALID_HANDLE;
    CK_RV rv = open_aes(token, plan, &first, sealed, &aes);
    if (rv != CKR_OK)
        return rv;
    rv = call_unwrap_key(call, token->session, &then, aes, bytes.data + sealed->aes_len, bytes.len - sealed->aes_len,
                         t->attributes, t->count, object);
    // It is a session object: if it cannot be destroyed now, it ends with the session.
    if (call_destroy_object(call, token->session, aes) != CKR_OK)
        plan->throwaway_left = true;
    return rv;
}

void wrap_end(struct token *token, struct import_plan *plan)
{
    struct transport *t = &plan->transport;
    const CK_OBJECT_HANDLE objects[] = {t->private_key, t->public_key};
    for (size_t i = 0; is_alive(token, t) && i < COUNT(objects); i++)
        if (objects[i] != CK_INVALID_HANDLE &&
            call_destroy_object(token->module.call, token->session, objects[i]) != CKR_OK)
            plan->throwaway_left = true;
    *t = (struct transport){0};
}
