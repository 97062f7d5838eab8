/* C_CreateObject as pickier tokens have it: attributes refused, ignored, overridden; the security officer's
 * alone. */
#include "behave.h"
#include "rsa.h"
#include "sessions.h"
#include "wrapped.h"

#include <openssl/crypto.h>
#include <string.h>

/* Room for what rules add to a template. */
enum { MAX_TEMPLATE = 128 };

struct template
{
    CK_ATTRIBUTE at[MAX_TEMPLATE];
    CK_ULONG count;
};

/* The object that is to be made. */
struct kind {
    CK_OBJECT_CLASS class;
    bool on_token;
};

static bool concerns(const struct attribute_rule *rule, CK_ATTRIBUTE_TYPE type, const struct kind *kind)
{
    return rule->type == type && (!rule->object_class.given || rule->object_class.number == kind->class) &&
           (!rule->on_token || kind->on_token);
}

static bool listed(const struct attribute_rules *rules, CK_ATTRIBUTE_TYPE type, const struct kind *kind)
{
    for (size_t i = 0; i < rules->count; i++)
        if (concerns(&rules->at[i], type, kind))
            return true;
    return false;
}

static CK_ATTRIBUTE *find(struct template *template, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < template->count; i++)
        if (template->at[i].type == type)
            return &template->at[i];
    return NULL;
}

static bool put(struct template *template, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG length)
{
    CK_ATTRIBUTE *attribute = find(template, type);
    if (attribute == NULL) {
        if (template->count == MAX_TEMPLATE)
            return false;
        attribute = &template->at[template->count++];
    }
    *attribute = (CK_ATTRIBUTE){type, value, length};
    return true;
}

static CK_RV rewrite(const CK_ATTRIBUTE *from, CK_ULONG count, const struct kind *kind, struct template *to)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (listed(&script.refused, from[i].type, kind))
            return CKR_ATTRIBUTE_TYPE_INVALID;
    for (CK_ULONG i = 0; i < count; i++) {
        if (listed(&script.dropped, from[i].type, kind))
            continue;
        if (to->count == MAX_TEMPLATE)
            return CKR_HOST_MEMORY;
        to->at[to->count++] = from[i];
    }
    for (size_t i = 0; i < script.forced.count; i++) {
        struct attribute_rule *rule = &script.forced.at[i];
        if (concerns(rule, rule->type, kind) && !put(to, rule->type, rule->value, rule->length))
            return CKR_HOST_MEMORY;
    }
    return CKR_OK;
}

static CK_RV complete(struct template *template, struct rsa_rest *rest)
{
    const CK_ATTRIBUTE *p = find(template, CKA_PRIME_1), *q = find(template, CKA_PRIME_2),
                       *e = find(template, CKA_PUBLIC_EXPONENT);
    bool has_modulus = find(template, CKA_MODULUS) != NULL;
    bool has_exponent = find(template, CKA_PRIVATE_EXPONENT) != NULL;
    if (p == NULL || q == NULL || e == NULL || (has_modulus && has_exponent))
        return CKR_OK;
    if (!rsa_complete(p, q, e, rest))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (!has_modulus && !put(template, CKA_MODULUS, rest->modulus, rest->modulus_length))
        return CKR_HOST_MEMORY;
    if (!has_exponent && !put(template, CKA_PRIVATE_EXPONENT, rest->exponent, rest->exponent_length))
        return CKR_HOST_MEMORY;
    return CKR_OK;
}

/* What is in the place of a new object goes without a word, as in the slots of a PIV card. */
static void replace(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, struct template *template)
{
    const CK_ATTRIBUTE *given = find(template, CKA_ID);
    CK_OBJECT_HANDLE old[16];
    struct object_id id;
    CK_SLOT_ID slot = 0;
    if (given == NULL || given->ulValueLen > sizeof(id.at) || given->pValue == NULL ||
        !session_slot(session, &slot))
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

static CK_RV create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *from, CK_ULONG count, const struct kind *kind,
                    CK_OBJECT_HANDLE *object)
{
    struct template template = {.count = 0};
    struct rsa_rest rest = {.modulus_length = 0};
    CK_RV rv = rewrite(from, count, kind, &template);
    if (rv == CKR_OK && script.complete_rsa && kind->class == CKO_PRIVATE_KEY)
        rv = complete(&template, &rest);
    if (rv == CKR_OK && script.create_replaces)
        replace(session, kind->class, &template);
    if (rv == CKR_OK)
        rv = WRAPPED(C_CreateObject, session, template.at, template.count, object);
    OPENSSL_cleanse(&rest, sizeof(rest));
    return rv;
}

CK_RV shim_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count,
                         CK_OBJECT_HANDLE *object)
{
    const struct call call = {.attributes = attributes, .attribute_count = count};
    const CK_ATTRIBUTE *given = call_attribute(&call, CKA_CLASS);
    if (given == NULL || given->pValue == NULL || given->ulValueLen != sizeof(CK_OBJECT_CLASS))
        return WRAPPED(C_CreateObject, session, attributes, count, object);
    const CK_ATTRIBUTE *stays = call_attribute(&call, CKA_TOKEN);
    struct kind kind = {.on_token = stays != NULL && stays->pValue != NULL &&
                                    stays->ulValueLen == sizeof(CK_BBOOL) &&
                                    *(const CK_BBOOL *)stays->pValue != CK_FALSE};
    CK_SLOT_ID slot = 0;
    memcpy(&kind.class, given->pValue, sizeof(kind.class));
    if (is_sos_alone(kind.class) && session_slot(session, &slot) && slot_login(slot) != LOGIN_SO)
        return CKR_USER_TYPE_INVALID;
    CK_RV rv = create(session, attributes, count, &kind, object);
    if (rv == CKR_OK && object != NULL)
        object_made(*object);
    return rv;
}
