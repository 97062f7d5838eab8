// Templates of objects that are created.
#include "hsm/object/template.h"

#include <assert.h>

void template_add(struct object_template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    assert(t->count < TEMPLATE_MAX);
    t->attributes[t->count++] = (CK_ATTRIBUTE)ATTRIBUTE(type, value, len);
}

void template_add_flag(struct object_template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    template_add(t, type, value ? &yes : &no, sizeof yes);
}

void template_add_span(struct object_template *t, CK_ATTRIBUTE_TYPE type, struct span value)
{
    template_add(t, type, value.data, value.len);
}
