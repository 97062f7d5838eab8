/* Templates as pickier tokens have them: attributes refused, ignored, overridden. */
#include "template.h"

#include "call.h"

#include <string.h>

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

CK_ATTRIBUTE *template_find(struct template *template, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < template->count; i++)
        if (template->at[i].type == type)
            return &template->at[i];
    return NULL;
}

bool template_put(struct template *template, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG length)
{
    CK_ATTRIBUTE *attribute = template_find(template, type);
    if (attribute == NULL) {
        if (template->count == MAX_TEMPLATE)
            return false;
        attribute = &template->at[template->count++];
    }
    *attribute = (CK_ATTRIBUTE){type, value, length};
    return true;
}

static bool stays(const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    const struct call call = {.attributes = attributes, .attribute_count = count};
    const CK_ATTRIBUTE *given = call_attribute(&call, CKA_TOKEN);
    return given != NULL && given->pValue != NULL && given->ulValueLen == sizeof(CK_BBOOL) &&
           *(const CK_BBOOL *)given->pValue != CK_FALSE;
}

CK_RV template_rewrite(const CK_ATTRIBUTE *from, CK_ULONG count, CK_OBJECT_CLASS class, struct template *to)
{
    const struct kind kind = {class, stays(from, count)};
    for (CK_ULONG i = 0; i < count; i++)
        if (listed(&script.refused, from[i].type, &kind))
            return CKR_ATTRIBUTE_TYPE_INVALID;
    for (CK_ULONG i = 0; i < count; i++) {
        if (listed(&script.dropped, from[i].type, &kind))
            continue;
        if (to->count == MAX_TEMPLATE)
            return CKR_HOST_MEMORY;
        to->at[to->count++] = from[i];
    }
    for (size_t i = 0; i < script.forced.count; i++) {
        struct attribute_rule *rule = &script.forced.at[i];
        if (concerns(rule, rule->type, &kind) && !template_put(to, rule->type, rule->value, rule->length))
            return CKR_HOST_MEMORY;
    }
    return CKR_OK;
}

bool template_class(const CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_CLASS *class)
{
    const struct call call = {.attributes = attributes, .attribute_count = count};
    const CK_ATTRIBUTE *given = call_attribute(&call, CKA_CLASS);
    if (given == NULL || given->pValue == NULL || given->ulValueLen != sizeof(*class))
        return false;
    memcpy(class, given->pValue, sizeof(*class));
    return true;
}
