/* What a caller says about an object, and what the script makes of it. */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

/* Room for what rules add to a template. */
enum { MAX_TEMPLATE = 128 };

struct template
{
    CK_ATTRIBUTE at[MAX_TEMPLATE];
    CK_ULONG count;
};

CK_ATTRIBUTE *template_find(struct template *template, CK_ATTRIBUTE_TYPE type);

/* Adds it, or gives it another value. False: no room. */
bool template_put(struct template *template, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG length);

/* Adds what the rules about templates leave of a caller's. */
CK_RV template_rewrite(const CK_ATTRIBUTE *from, CK_ULONG count, CK_OBJECT_CLASS class, struct template *to);

/* The class that it names. */
bool template_class(const CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_CLASS *class);
