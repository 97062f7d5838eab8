// SoftHSM writes the file of an object several times until all of it is there.
#include "hsm/object/empty.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum { LOOKED_AT_MAX = 4096 };

// No module tells this length: where it stays, the module did not look at the attribute.
static const CK_ULONG unseen = (CK_ULONG)-2;

static bool is_absent(const CK_ATTRIBUTE *attribute)
{
    return attribute->ulValueLen == 0 || attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION;
}

// The kinds of objects, each with its classes and with attributes that it has. An object that has not even a class may
// be of any kind.
enum empty_kind { EMPTY_DATA, EMPTY_KEYS };
enum { KIND_ATTRIBUTES = 4, KIND_CLASSES = 2 };
static const struct {
    CK_OBJECT_CLASS classes[KIND_CLASSES];
    CK_ATTRIBUTE_TYPE attributes[KIND_ATTRIBUTES];
} kinds[] = {
    [EMPTY_DATA] = {{CKO_DATA, CKO_DATA}, {CKA_LABEL, CKA_APPLICATION, CKA_OBJECT_ID, CKA_VALUE}},
    [EMPTY_KEYS] = {{CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}, {CKA_LABEL, CKA_ID, CKA_MODULUS, CKA_PUBLIC_EXPONENT}},
};

// An answer that is not clear counts as no.
static bool has_nothing(struct token *token, enum empty_kind kind, CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE attributes[KIND_ATTRIBUTES];
    for (size_t i = 0; i < COUNT(attributes); i++)
        attributes[i] = (CK_ATTRIBUTE)ATTRIBUTE(kinds[kind].attributes[i], NULL, unseen);
    const CK_RV rv =
        call_get_attribute_value(token->module.call, token->session, object, attributes, COUNT(attributes));
    bool empty = rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID;
    for (size_t i = 0; i < COUNT(attributes); i++)
        empty &= is_absent(&attributes[i]);
    return empty;
}

// Keys of another type have other numbers.
static bool may_be_rsa(struct token *token, CK_OBJECT_HANDLE object)
{
    CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_KEY_TYPE, &type, sizeof type);
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, object, &attribute, 1);
    return (rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID) && (is_absent(&attribute) || type == CKK_RSA);
}

static bool is_empty(struct token *token, enum empty_kind kind, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class = CKO_VENDOR_DEFINED;
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_CLASS, &class, sizeof class);
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, object, &attribute, 1);
    // SoftHSM says this of an object that has not even a class, which is the first thing that it writes.
    if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
        return true;
    const bool of_kind = class == kinds[kind].classes[0] || class == kinds[kind].classes[1];
    const bool may_be = (rv == CKR_OK && (is_absent(&attribute) || of_kind)) ||
                        (rv == CKR_ATTRIBUTE_TYPE_INVALID && is_absent(&attribute));
    return may_be && (kind != EMPTY_KEYS || may_be_rsa(token, object)) && has_nothing(token, kind, object);
}

// *last becomes one of them. They are not searched for by their class, since even that may be missing. Where there are
// more objects than are looked at, a difference of two counts would mean nothing.
static bool find_empty(struct token *token, enum empty_kind kind, size_t *count, CK_OBJECT_HANDLE *last,
                       struct ssa_error *err)
{
    OBJECTS_AUTO found = {.list = calloc(LOOKED_AT_MAX, sizeof *found.list)};
    CK_ULONG all = 0;
    *count = 0;
    if (found.list == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a token's objects");
    if (!object_find_some(token, NULL, 0, found.list, LOOKED_AT_MAX, &all, err))
        return false;
    if (all == LOOKED_AT_MAX) {
        *count = EMPTY_UNKNOWN;
        return true;
    }
    for (CK_ULONG i = 0; i < all; i++)
        if (is_empty(token, kind, found.list[i])) {
            ++*count;
            *last = found.list[i];
        }
    return true;
}

bool empty_count_data(struct token *token, size_t *count, struct ssa_error *err)
{
    return find_empty(token, EMPTY_DATA, count, &(CK_OBJECT_HANDLE){0}, err);
}

bool empty_count_keys(struct token *token, size_t *count, struct ssa_error *err)
{
    return find_empty(token, EMPTY_KEYS, count, &(CK_OBJECT_HANDLE){0}, err);
}

bool empty_destroy_data(struct token *token, size_t before, bool *destroyed, size_t *left, struct ssa_error *err)
{
    CK_OBJECT_HANDLE last = CK_INVALID_HANDLE;
    *destroyed = false;
    if (!find_empty(token, EMPTY_DATA, left, &last, err))
        return false;
    if (*left == EMPTY_UNKNOWN || *left <= before)
        return true;
    const CK_RV rv = call_destroy_object(token->module.call, token->session, last);
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "a data object with nothing in it cannot be destroyed");
    *destroyed = true;
    --*left;
    return true;
}
