/* What the token says of its objects: attributes as the script has them, keys found only with a certificate.
 */
#include "behave.h"
#include "sessions.h"
#include "wrapped.h"

#include <stdlib.h>
#include <string.h>

static const struct attribute_rule *rule_for(CK_ATTRIBUTE_TYPE type, const struct optional *class, bool on_token,
                                             bool is_new)
{
    for (size_t i = 0; i < script.reported.count; i++) {
        const struct attribute_rule *rule = &script.reported.at[i];
        const struct optional *wanted = &rule->object_class;
        if (rule->type == type && (!wanted->given || (class->given && wanted->number == class->number)) &&
            (!rule->on_token || on_token) && (!rule->while_new || is_new))
            return rule;
    }
    static const struct attribute_rule always = {
        .type = CKA_ALWAYS_AUTHENTICATE, .value = {CK_TRUE}, .length = sizeof(CK_BBOOL)};
    bool private = class->given && class->number == CKO_PRIVATE_KEY;
    return script.always_authenticate && private && type == always.type ? &always : NULL;
}

static CK_RV answer(CK_ATTRIBUTE *attribute, const struct attribute_rule *rule)
{
    CK_ULONG room = attribute->ulValueLen;
    attribute->ulValueLen = rule->absent ? CK_UNAVAILABLE_INFORMATION : rule->length;
    if (rule->absent)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (attribute->pValue == NULL || rule->length_alone)
        return CKR_OK;
    if (room < rule->length) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(attribute->pValue, rule->value, rule->length);
    return CKR_OK;
}

/* With these the other attributes of the template are answered all the same. */
static bool is_partial(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_BUFFER_TOO_SMALL;
}

/* The wrapped module is asked only for what no rule answers: it may not know the rest. */
static CK_RV ask_rest(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
                      const struct attribute_rule **rules)
{
    CK_ATTRIBUTE *rest = calloc(count, sizeof(*rest));
    CK_ULONG asked = 0;
    if (rest == NULL)
        return CKR_HOST_MEMORY;
    for (CK_ULONG i = 0; i < count; i++)
        if (rules[i] == NULL)
            rest[asked++] = attributes[i];
    CK_RV rv = asked > 0 ? WRAPPED(C_GetAttributeValue, session, object, rest, asked) : CKR_OK;
    asked = 0;
    for (CK_ULONG i = 0; i < count; i++)
        if (rules[i] == NULL)
            attributes[i].ulValueLen = rest[asked++].ulValueLen;
    free(rest);
    return rv;
}

CK_RV shim_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                               CK_ULONG count)
{
    struct optional class = {.given = false};
    bool no_rules = script.reported.count == 0 && !script.always_authenticate;
    if (no_rules || attributes == NULL || count == 0 || !object_class(session, object, &class.number))
        return WRAPPED(C_GetAttributeValue, session, object, attributes, count);
    class.given = true;
    bool on_token = object_is_on_token(session, object);
    const struct attribute_rule **rules = calloc(count, sizeof(const struct attribute_rule *));
    if (rules == NULL)
        return CKR_HOST_MEMORY;
    for (CK_ULONG i = 0; i < count; i++)
        rules[i] = rule_for(attributes[i].type, &class, on_token, object_is_new(object));
    CK_RV rv = ask_rest(session, object, attributes, count, rules);
    for (CK_ULONG i = 0; i < count && is_partial(rv); i++) {
        CK_RV one = rules[i] != NULL ? answer(&attributes[i], rules[i]) : CKR_OK;
        if (rv == CKR_OK)
            rv = one;
    }
    free(rules);
    return rv;
}

static bool is_shown(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class = 0;
    if (!object_class(session, object, &class) || (class != CKO_PRIVATE_KEY && class != CKO_PUBLIC_KEY))
        return true;
    return object_is_ours(object) || !object_lacks_certificate(session, object);
}

/* What a search of its own gave last, for one that does not come to an end. */
static struct {
    CK_OBJECT_HANDLE objects[64];
    CK_ULONG count;
} last;

static void remember(const CK_OBJECT_HANDLE *objects, CK_ULONG count)
{
    last.count = count < 64 ? count : 64;
    memcpy(last.objects, objects, last.count * sizeof *objects);
}

/* Where the wrapped module is at its end: the same once more, or handles of nothing. */
static void go_on(CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
    static CK_OBJECT_HANDLE invented = 1000000;
    if (script.find_repeats) {
        *count = last.count < max ? last.count : max;
        memcpy(objects, last.objects, *count * sizeof *objects);
    }
    for (CK_ULONG i = 0; script.find_endless && i < max; i++)
        objects[i] = invented++;
    if (script.find_endless)
        *count = max;
}

static CK_RV find_shown(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
    for (;;) {
        CK_RV rv = WRAPPED(C_FindObjects, session, objects, max, count);
        if (rv != CKR_OK || !script.find_needs_certificate || *count == 0)
            return rv;
        CK_ULONG kept = 0;
        for (CK_ULONG i = 0; i < *count; i++)
            if (is_shown(session, objects[i]))
                objects[kept++] = objects[i];
        *count = kept;
        /* Nothing left of this batch is not the end of the search, which a count of 0 would say. */
        if (kept > 0)
            return CKR_OK;
    }
}

CK_RV shim_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
    CK_RV rv = find_shown(session, objects, max, count);
    if (rv != CKR_OK)
        return rv;
    if (*count > 0)
        remember(objects, *count);
    else
        go_on(objects, max, count);
    return CKR_OK;
}
