/* C_CreateObject as pickier tokens have it: with the template that they take, by the security officer alone.
 */
#include "behave.h"
#include "rsa.h"
#include "sessions.h"
#include "template.h"
#include "wrapped.h"

#include <openssl/crypto.h>
#include <string.h>

static CK_RV complete(struct template *template, struct rsa_rest *rest)
{
    const CK_ATTRIBUTE *p = template_find(template, CKA_PRIME_1), *q = template_find(template, CKA_PRIME_2),
                       *e = template_find(template, CKA_PUBLIC_EXPONENT);
    bool has_modulus = template_find(template, CKA_MODULUS) != NULL;
    bool has_exponent = template_find(template, CKA_PRIVATE_EXPONENT) != NULL;
    if (p == NULL || q == NULL || e == NULL || (has_modulus && has_exponent))
        return CKR_OK;
    if (!rsa_complete(p, q, e, rest))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (!has_modulus && !template_put(template, CKA_MODULUS, rest->modulus, rest->modulus_length))
        return CKR_HOST_MEMORY;
    if (!has_exponent && !template_put(template, CKA_PRIVATE_EXPONENT, rest->exponent, rest->exponent_length))
        return CKR_HOST_MEMORY;
    return CKR_OK;
}

/* What is in the place of a new object goes without a word, as in the slots of a PIV card. */
static void replace(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, struct template *template)
{
    const CK_ATTRIBUTE *given = template_find(template, CKA_ID);
    CK_OBJECT_HANDLE old[16];
    struct object_id id;
    CK_SLOT_ID slot = 0;
    if (given == NULL || given->ulValueLen > sizeof(id.at) || given->pValue == NULL || !session_slot(session, &slot))
        return;
    memcpy(id.at, given->pValue, given->ulValueLen);
    id.length = given->ulValueLen;
    size_t count = objects_by_id(slot, class, &id, old, sizeof(old) / sizeof(old[0]));
    for (size_t i = 0; i < count; i++)
        (void)WRAPPED(C_DestroyObject, session, old[i]);
}

static bool is_sos_alone(CK_OBJECT_CLASS class)
{
    for (size_t i = 0; i < script.create_needs_so.count; i++)
        if (script.create_needs_so.at[i] == class)
            return true;
    return false;
}

static CK_RV create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *from, CK_ULONG count, CK_OBJECT_CLASS class,
                    CK_OBJECT_HANDLE *object)
{
    struct template template = {.count = 0};
    struct rsa_rest rest = {.modulus_length = 0};
    CK_RV rv = template_rewrite(from, count, class, &template);
    if (rv == CKR_OK && script.complete_rsa && class == CKO_PRIVATE_KEY)
        rv = complete(&template, &rest);
    if (rv == CKR_OK && script.create_replaces)
        replace(session, class, &template);
    if (rv == CKR_OK)
        rv = WRAPPED(C_CreateObject, session, template.at, template.count, object);
    OPENSSL_cleanse(&rest, sizeof(rest));
    return rv;
}

CK_RV shim_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = 0;
    CK_SLOT_ID slot = 0;
    if (!template_class(attributes, count, &class))
        return WRAPPED(C_CreateObject, session, attributes, count, object);
    if (is_sos_alone(class) && session_slot(session, &slot) && slot_login(slot) != LOGIN_SO)
        return CKR_USER_TYPE_INVALID;
    CK_RV rv = create(session, attributes, count, class, object);
    if (rv == CKR_OK && object != NULL)
        object_made(*object);
    return rv;
}
