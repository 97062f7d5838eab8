// Templates of objects that are created, as lists of attributes. For hsm alone.
#pragma once

#include "core/span.h"
#include "hsm/cryptoki/cryptoki.h"

enum { TEMPLATE_MAX = 24 };

// Values are borrowed.
struct object_template {
    CK_ATTRIBUTE attributes[TEMPLATE_MAX];
    CK_ULONG count;
};
void template_add(struct object_template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t len);
void template_add_flag(struct object_template *t, CK_ATTRIBUTE_TYPE type, bool value);
void template_add_span(struct object_template *t, CK_ATTRIBUTE_TYPE type, struct span value);
