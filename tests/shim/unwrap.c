/* Keys that a token unwraps: by a mechanism's other name, by CKM_RSA_AES_KEY_WRAP where the wrapped module has
 * but the two that it is made of, and with the templates that pickier tokens take. */
#include "behave.h"
#include "template.h"
#include "wrapped.h"

#include <string.h>

/* PKCS#11 v2.40 section 2.1.21; p11-kit's header lacks it. */
struct rsa_aes_params {
    CK_ULONG aes_bits;
    CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

CK_MECHANISM_TYPE mechanism_behind(CK_MECHANISM_TYPE type)
{
    if (script.rsa_aes_wrap && type == CKM_RSA_AES_KEY_WRAP)
        return CKM_RSA_PKCS_OAEP;
    return script.renamed.given && type == script.renamed.to ? script.renamed.from : type;
}

/* The temporary AES key, which must be as long as the parameter says. */
static CK_RV unwrap_aes(CK_SESSION_HANDLE session, const struct rsa_aes_params *params, CK_OBJECT_HANDLE unwrapping,
                        CK_BYTE *from, CK_ULONG length, CK_OBJECT_HANDLE *aes)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, params->oaep, sizeof(*params->oaep)};
    CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},  {CKA_TOKEN, &no, sizeof(no)},
        {CKA_SENSITIVE, &no, sizeof(no)},   {CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_UNWRAP, &yes, sizeof(yes)},
    };
    CK_RV rv = WRAPPED(C_UnwrapKey, session, &oaep, unwrapping, from, length, template,
                       sizeof(template) / sizeof(template[0]), aes);
    if (rv != CKR_OK)
        return rv;
    rv = WRAPPED(C_GetAttributeValue, session, *aes, &value, 1);
    if (rv == CKR_OK && value.ulValueLen * 8 != params->aes_bits)
        rv = CKR_WRAPPED_KEY_INVALID;
    if (rv != CKR_OK)
        (void)WRAPPED(C_DestroyObject, session, *aes);
    return rv;
}

/* The AES key wrapped by RSA, as long as the modulus, and behind it the target wrapped by that (RFC 5649). */
static CK_RV unwrap_rsa_aes(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
                            CK_BYTE *from, CK_ULONG length, struct template *template, CK_OBJECT_HANDLE *key)
{
    const struct rsa_aes_params *params = mechanism->pParameter;
    CK_ATTRIBUTE modulus = {CKA_MODULUS, NULL, 0};
    CK_MECHANISM kwp = {.mechanism = CKM_AES_KEY_WRAP_PAD};
    CK_OBJECT_HANDLE aes = CK_INVALID_HANDLE;
    if (params == NULL || mechanism->ulParameterLen != sizeof(*params) || params->oaep == NULL)
        return CKR_MECHANISM_PARAM_INVALID;
    CK_RV rv = WRAPPED(C_GetAttributeValue, session, unwrapping, &modulus, 1);
    if (rv != CKR_OK)
        return rv;
    if (length <= modulus.ulValueLen)
        return CKR_WRAPPED_KEY_LEN_RANGE;
    rv = unwrap_aes(session, params, unwrapping, from, modulus.ulValueLen, &aes);
    if (rv != CKR_OK)
        return rv;
    rv = WRAPPED(C_UnwrapKey, session, &kwp, aes, from + modulus.ulValueLen, length - modulus.ulValueLen, template->at,
                 template->count, key);
    (void)WRAPPED(C_DestroyObject, session, aes);
    return rv;
}

CK_RV shim_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping, CK_BYTE *from,
                      CK_ULONG length, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    /* Of a template without one only the rules for every class are about. */
    CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;
    struct template template = {.count = 0};
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    (void)template_class(attributes, count, &class);
    CK_RV rv = template_rewrite(attributes, count, class, &template);
    if (rv != CKR_OK)
        return rv;
    if (script.rsa_aes_wrap && mechanism->mechanism == CKM_RSA_AES_KEY_WRAP)
        return unwrap_rsa_aes(session, mechanism, unwrapping, from, length, &template, key);
    CK_MECHANISM named = *mechanism;
    named.mechanism = mechanism_behind(named.mechanism);
    /* RFC 5649 section 3: what the wrapped module begins with anyway, and does not take. */
    static const CK_BYTE initial_value[] = {0xa6, 0x59, 0x59, 0xa6};
    if (named.mechanism != mechanism->mechanism && named.pParameter != NULL &&
        named.ulParameterLen == sizeof(initial_value) &&
        memcmp(named.pParameter, initial_value, sizeof(initial_value)) == 0)
        named = (CK_MECHANISM){.mechanism = named.mechanism};
    return WRAPPED(C_UnwrapKey, session, &named, unwrapping, from, length, template.at, template.count, key);
}
