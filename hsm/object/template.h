// Templates of objects that are created, as lists of attributes. For hsm alone.
#pragma once

#include <assert.h>

#include "hsm/cryptoki/cryptoki.h"

enum { TEMPLATE_MAX = 24 };

// Values are borrowed.
struct object_template {
    CK_ATTRIBUTE attributes[TEMPLATE_MAX];
    CK_ULONG count;
};

static inline void template_add(struct object_template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    assert(t->count < TEMPLATE_MAX);
    t->attributes[t->count++] = (CK_ATTRIBUTE)ATTRIBUTE(type, value, len);
}

static inline void template_add_flag(struct object_template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    template_add(t, type, value ? &yes : &no, sizeof yes);
}

static inline void template_add_span(struct object_template *t, CK_ATTRIBUTE_TYPE type, struct span value)
{
    template_add(t, type, value.data, value.len);
}
