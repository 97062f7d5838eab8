// Data objects with nothing in them: what is left where a module is killed as it writes one (SoftHSM writes
// the file of an object several times until all of it is there).
#include "hsm/data.h"
#include "hsm/pkcs11.h"

enum { LOOKED_AT_MAX = 4096 };

// A length that no module gives: it did not look.
static const CK_ULONG unseen = (CK_ULONG)-2;

static bool is_absent(const CK_ATTRIBUTE *attribute)
{
    return attribute->ulValueLen == 0 || attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION;
}

// Anything but a clear answer is none.
static bool has_nothing(struct token *token, CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE attributes[] = {ATTRIBUTE(CKA_LABEL, NULL, unseen), ATTRIBUTE(CKA_APPLICATION, NULL, unseen),
                                 ATTRIBUTE(CKA_OBJECT_ID, NULL, unseen), ATTRIBUTE(CKA_VALUE, NULL, unseen)};
    const CK_RV rv =
        token->module.call->C_GetAttributeValue(token->session, object, attributes, COUNT(attributes));
    bool empty = rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID;
    for (size_t i = 0; i < COUNT(attributes); i++)
        empty &= is_absent(&attributes[i]);
    return empty;
}

static bool is_empty_data(struct token *token, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class = CKO_VENDOR_DEFINED;
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_CLASS, &class, sizeof class);
    const CK_RV rv = token->module.call->C_GetAttributeValue(token->session, object, &attribute, 1);
    // SoftHSM, of one that has not even a class, which is the first thing that it is given.
    if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
        return true;
    const bool may_be_data = (rv == CKR_OK && (is_absent(&attribute) || class == CKO_DATA)) ||
                             (rv == CKR_ATTRIBUTE_TYPE_INVALID && is_absent(&attribute));
    return may_be_data && has_nothing(token, object);
}

// *last is one of them. Not by their class: not even that may be there. Where there are more objects than are
// looked at, the difference of two counts would be chance.
static bool find_empty(struct token *token, size_t *count, CK_OBJECT_HANDLE *last, struct ssa_error *err)
{
    CK_OBJECT_HANDLE found[LOOKED_AT_MAX];
    CK_ULONG all = 0;
    *count = 0;
    if (!find_objects(token, NULL, 0, found, COUNT(found), &all, err))
        return false;
    if (all == COUNT(found)) {
        *count = DATA_EMPTY_UNKNOWN;
        return true;
    }
    for (CK_ULONG i = 0; i < all; i++)
        if (is_empty_data(token, found[i])) {
            ++*count;
            *last = found[i];
        }
    return true;
}

bool data_count_empty(struct token *token, size_t *count, struct ssa_error *err)
{
    CK_OBJECT_HANDLE last = CK_INVALID_HANDLE;
    return find_empty(token, count, &last, err);
}

bool data_destroy_empty(struct token *token, size_t before, bool *destroyed, size_t *left,
                        struct ssa_error *err)
{
    CK_OBJECT_HANDLE last = CK_INVALID_HANDLE;
    *destroyed = false;
    if (!find_empty(token, left, &last, err))
        return false;
    if (*left == DATA_EMPTY_UNKNOWN || *left <= before)
        return true;
    const CK_RV rv = token->module.call->C_DestroyObject(token->session, last);
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "a data object with nothing in it cannot be destroyed");
    *destroyed = true;
    --*left;
    return true;
}
