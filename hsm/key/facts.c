#include "hsm/key/facts.h"

#include "hsm/object/attribute.h"
#include "hsm/remote/calls.h"
#include "hsm/token/handle.h"

void key_facts(struct token *token, const struct key *key, struct key_fact out[static KEY_FACTS])
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *name;
    } told[KEY_FACTS] = {{CKA_LOCAL, "CKA_LOCAL"},
                         {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE"},
                         {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE"},
                         {CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE"}};
    for (size_t i = 0; i < KEY_FACTS; i++) {
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE attribute = ATTRIBUTE(told[i].type, &value, sizeof value);
        // They are read one by one: a module that does not know one of them may fill in none.
        const CK_RV rv = attribute_read(token, key->private_object, &attribute);
        out[i] = (struct key_fact){.name = told[i].name,
                                   .known = rv == CKR_OK && attribute.ulValueLen == sizeof value,
                                   .value = value != CK_FALSE};
    }
}

static void mechanism_text(CK_MECHANISM_TYPE type, char out[static MECHANISM_TEXT_MAX])
{
    static const struct {
        CK_MECHANISM_TYPE type;
        const char *name;
    } names[] = {
        {CKM_RSA_PKCS, "CKM_RSA_PKCS"},
        {CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS"},
        {CKM_RSA_X_509, "CKM_RSA_X_509"},
        {CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP"},
        {CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS"},
        {CKM_SHA1_RSA_PKCS, "CKM_SHA1_RSA_PKCS"},
        {CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS"},
        {CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS"},
        {CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS"},
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i].type == type) {
            (void)text_format(out, MECHANISM_TEXT_MAX, "%s", names[i].name);
            return;
        }
    (void)text_format(out, MECHANISM_TEXT_MAX, "0x%lx", type);
}

static bool refuses_mechanism(CK_RV rv)
{
    return rv == CKR_MECHANISM_INVALID || rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_KEY_FUNCTION_NOT_PERMITTED ||
           rv == CKR_KEY_TYPE_INCONSISTENT || rv == CKR_FUNCTION_NOT_SUPPORTED;
}

// A session of its own is used, since its end also ends the operation that has begun.
static enum raw_rsa begin_raw(struct token *token, const struct key *key)
{
    struct remote *call = token->module.call;
    CK_MECHANISM raw = {.mechanism = CKM_RSA_X_509};
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    if (call_open_session(call, token->slot, CKF_SERIAL_SESSION, &session) != CKR_OK)
        return RAW_RSA_UNKNOWN;
    const CK_RV rv = call_sign_init(call, session, &raw, key->private_object);
    (void)call_close_session(call, session);
    return rv == CKR_OK ? RAW_RSA_POSSIBLE : refuses_mechanism(rv) ? RAW_RSA_REFUSED : RAW_RSA_UNKNOWN;
}

static enum raw_rsa try_raw(struct token *token, const struct key *key)
{
    CK_MECHANISM_INFO info = {0};
    const CK_RV rv = call_get_mechanism_info(token->module.call, token->slot, CKM_RSA_X_509, &info);
    if (rv == CKR_MECHANISM_INVALID || (rv == CKR_OK && (info.flags & CKF_SIGN) == 0))
        return RAW_RSA_REFUSED;
    return rv == CKR_OK ? begin_raw(token, key) : RAW_RSA_UNKNOWN;
}

void key_mechanisms(struct token *token, const struct key *key, struct key_mechanisms *out)
{
    CK_MECHANISM_TYPE list[KEY_MECHANISMS_MAX] = {0};
    CK_ATTRIBUTE allowed = ATTRIBUTE(CKA_ALLOWED_MECHANISMS, list, sizeof list);
    *out = (struct key_mechanisms){0};
    out->known = attribute_read(token, key->private_object, &allowed) == CKR_OK;
    out->count = out->known ? allowed.ulValueLen / sizeof list[0] : 0;
    for (size_t i = 0; i < out->count; i++)
        mechanism_text(list[i], out->names[i]);
    out->raw = try_raw(token, key);
}
