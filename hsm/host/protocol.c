// Templates and mechanisms in messages.
#include "hsm/host/protocol.h"

#include <stddef.h>

// The standard's numbers that p11-kit's header has not.
#define CKM_AES_KEY_WRAP_KWP_ 0x0000210bUL
#define CKM_RSA_AES_KEY_WRAP_ 0x00001054UL
#define CKM_MAKERS_AES_KWP_   (CKM_VENDOR_DEFINED | 0x171UL)

static const CK_ATTRIBUTE_TYPE known[] = {
    CKA_ALLOWED_MECHANISMS,
    CKA_ALWAYS_AUTHENTICATE,
    CKA_ALWAYS_SENSITIVE,
    CKA_APPLICATION,
    CKA_CERTIFICATE_TYPE,
    CKA_CLASS,
    CKA_COEFFICIENT,
    CKA_DECRYPT,
    CKA_DERIVE,
    CKA_ENCRYPT,
    CKA_EXPONENT_1,
    CKA_EXPONENT_2,
    CKA_EXTRACTABLE,
    CKA_ID,
    CKA_KEY_TYPE,
    CKA_LABEL,
    CKA_LOCAL,
    CKA_MODIFIABLE,
    CKA_MODULUS,
    CKA_MODULUS_BITS,
    CKA_NEVER_EXTRACTABLE,
    CKA_OBJECT_ID,
    CKA_PRIME_1,
    CKA_PRIME_2,
    CKA_PRIVATE,
    CKA_PRIVATE_EXPONENT,
    CKA_PUBLIC_EXPONENT,
    CKA_SENSITIVE,
    CKA_SIGN,
    CKA_SIGN_RECOVER,
    CKA_SUBJECT,
    CKA_TOKEN,
    CKA_UNWRAP,
    CKA_VALUE,
    CKA_VALUE_LEN,
    CKA_VERIFY,
    CKA_VERIFY_RECOVER,
    CKA_WRAP,
};

bool attribute_is_known(CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == type)
            return true;
    return false;
}

void put_template(struct writer *w, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    w->overflow = w->overflow || count > HOST_ATTRIBUTES_MAX;
    put_number(w, count);
    for (CK_ULONG i = 0; i < count && !w->overflow; i++) {
        w->overflow = !attribute_is_known(template[i].type) || template[i].ulValueLen > VALUE_MAX;
        put_number(w, template[i].type);
        put_bytes(w, span_of(template[i].pValue, template[i].ulValueLen));
    }
}

CK_ULONG get_template(struct reader *r, CK_ATTRIBUTE template[static HOST_ATTRIBUTES_MAX])
{
    const CK_ULONG count = get_number(r, HOST_ATTRIBUTES_MAX);
    for (CK_ULONG i = 0; i < count && !r->bad; i++) {
        const CK_ATTRIBUTE_TYPE type = get_number(r, UINT64_MAX);
        const struct span value = get_bytes(r, VALUE_MAX);
        r->bad = r->bad || !attribute_is_known(type);
        template[i] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)value.data, value.len};
    }
    return r->bad ? 0 : count;
}

enum parameter { NO_PARAMETER, OAEP, RSA_AES, BYTES, UNKNOWN };

// Luna's number takes the bytes of a number as a parameter, or none.
static enum parameter parameter_of(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_RSA_PKCS:
    case CKM_RSA_X_509:
    case CKM_RSA_PKCS_KEY_PAIR_GEN:
    case CKM_SHA1_RSA_PKCS:
    case CKM_SHA256_RSA_PKCS:
    case CKM_SHA384_RSA_PKCS:
    case CKM_SHA512_RSA_PKCS:
        return NO_PARAMETER;
    case CKM_RSA_PKCS_OAEP:
        return OAEP;
    case CKM_RSA_AES_KEY_WRAP_:
        return RSA_AES;
    case CKM_AES_KEY_WRAP_PAD:
    case CKM_AES_KEY_WRAP_KWP_:
    case CKM_MAKERS_AES_KWP_:
        return BYTES;
    default:
        return UNKNOWN;
    }
}

static void put_oaep(struct writer *w, const CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
    put_number(w, oaep->hashAlg);
    put_number(w, oaep->mgf);
    put_number(w, oaep->source);
    put_bytes(w, span_of(oaep->pSourceData, oaep->ulSourceDataLen));
}

static void get_oaep(struct reader *r, CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
    oaep->hashAlg = get_number(r, UINT64_MAX);
    oaep->mgf = get_number(r, UINT64_MAX);
    oaep->source = get_number(r, UINT64_MAX);
    const struct span data = get_bytes(r, SMALL_VALUE_MAX);
    oaep->pSourceData = data.len == 0 ? NULL : (void *)(uintptr_t)data.data;
    oaep->ulSourceDataLen = data.len;
}

bool put_mechanism(struct writer *w, const CK_MECHANISM *mechanism)
{
    const union mechanism_parameter *parameter = mechanism->pParameter;
    put_number(w, mechanism->mechanism);
    switch (parameter_of(mechanism->mechanism)) {
    case NO_PARAMETER:
        return mechanism->ulParameterLen == 0;
    case OAEP:
        put_oaep(w, &parameter->oaep);
        return true;
    case RSA_AES:
        put_number(w, parameter->rsa_aes.bits);
        put_oaep(w, parameter->rsa_aes.oaep);
        return true;
    case BYTES:
        put_bytes(w, span_of(mechanism->pParameter, mechanism->ulParameterLen));
        return mechanism->ulParameterLen <= SMALL_VALUE_MAX;
    default:
        return false;
    }
}

bool get_mechanism(struct reader *r, struct mechanism_room *room)
{
    *room = (struct mechanism_room){0};
    CK_MECHANISM *m = &room->mechanism;
    m->mechanism = get_number(r, UINT64_MAX);
    union mechanism_parameter *p = &room->parameter;
    struct span bytes;
    switch (parameter_of(m->mechanism)) {
    case NO_PARAMETER:
        return !r->bad;
    case OAEP:
        get_oaep(r, &p->oaep);
        m->pParameter = &p->oaep;
        m->ulParameterLen = sizeof p->oaep;
        return !r->bad;
    case RSA_AES:
        p->rsa_aes.bits = get_number(r, UINT64_MAX);
        get_oaep(r, &room->inner);
        p->rsa_aes.oaep = &room->inner;
        m->pParameter = &p->rsa_aes;
        m->ulParameterLen = sizeof p->rsa_aes;
        return !r->bad;
    case BYTES:
        bytes = get_bytes(r, SMALL_VALUE_MAX);
        m->pParameter = bytes.len == 0 ? NULL : (void *)(uintptr_t)bytes.data;
        m->ulParameterLen = bytes.len;
        return !r->bad;
    default:
        r->bad = true;
        return false;
    }
}
