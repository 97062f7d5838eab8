#include "hsm/object/attribute.h"

#include "hsm/cryptoki/ckr.h"
#include "hsm/remote/calls.h"
#include "hsm/token/handle.h"

enum { LABEL_MAX = 512 };

// No attribute is the cause of these errors: reading another one would fail in the same way.
static bool is_of_the_token(CK_RV rv)
{
    switch (rv) {
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_MEMORY:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_HOST_MEMORY:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_USER_NOT_LOGGED_IN:
        return true;
    default:
        return false;
    }
}

// Where the length is more than the room, nothing was written.
static bool fits(CK_ATTRIBUTE *attribute, CK_ULONG room)
{
    const bool fits = attribute->ulValueLen <= room;
    if (!fits)
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return fits;
}

CK_RV attribute_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute)
{
    const CK_ULONG room = attribute->ulValueLen;
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, object, attribute, 1);
    if (rv == CKR_OK) {
        const bool told = attribute->ulValueLen != CK_UNAVAILABLE_INFORMATION;
        return fits(attribute, room) ? CKR_OK : told ? CKR_BUFFER_TOO_SMALL : CKR_ATTRIBUTE_TYPE_INVALID;
    }
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return rv;
}

static CK_RV read_one_by_one(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, const CK_ULONG *rooms,
                             CK_ULONG count, CK_RV whole)
{
    bool any = ckr_is_of_attribute(whole);
    for (CK_ULONG i = 0; i < count; i++) {
        list[i].ulValueLen = rooms[i];
        const CK_RV rv = attribute_read(token, object, &list[i]);
        if (is_of_the_token(rv))
            return rv;
        any = any || rv == CKR_OK || ckr_is_of_attribute(rv);
    }
    return any ? CKR_OK : whole;
}

static void keep_rooms(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ULONG rooms[static ATTRIBUTES_MAX])
{
    for (CK_ULONG i = 0; i < count; i++)
        rooms[i] = list[i].ulValueLen;
}

// What the module has answered becomes what is said of the object.
static CK_RV settle(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, const CK_ULONG *rooms,
                    CK_ULONG count, CK_RV rv)
{
    for (CK_ULONG i = 0; i < count; i++)
        (void)fits(&list[i], rooms[i]);
    // By the standard, the others are filled in although one is not known (PKCS#11 v2.40 section 5.7,
    // C_GetAttributeValue). Some modules stop at the first that they do not know, or give none.
    return rv == CKR_OK || is_of_the_token(rv) ? rv : read_one_by_one(token, object, list, rooms, count, rv);
}

CK_RV attributes_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count)
{
    CK_ULONG rooms[ATTRIBUTES_MAX];
    if (count > ATTRIBUTES_MAX)
        return CKR_ARGUMENTS_BAD;
    keep_rooms(list, count, rooms);
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, object, list, count);
    return settle(token, object, list, rooms, count, rv);
}

CK_RV attributes_read_of(struct token *token, const CK_OBJECT_HANDLE *objects, CK_ULONG object_count,
                         CK_ATTRIBUTE *lists, CK_ULONG count, CK_ULONG *done)
{
    CK_ULONG rooms[ATTRIBUTES_MAX];
    *done = 0;
    if (count > ATTRIBUTES_MAX)
        return CKR_ARGUMENTS_BAD;
    keep_rooms(lists, count, rooms);
    CK_RV rv = call_get_attribute_values(token->module.call, token->session, objects, object_count, lists, count, done);
    for (CK_ULONG i = 0; i < *done; i++)
        rv = settle(token, objects[i], lists + i * count, rooms, count, i + 1 < *done ? CKR_OK : rv);
    return rv;
}

size_t attribute_len(const CK_ATTRIBUTE *attribute)
{
    return attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION ? 0 : attribute->ulValueLen;
}

CK_RV attribute_compare_label(struct token *token, CK_OBJECT_HANDLE object, struct span wanted, bool *same)
{
    char label[LABEL_MAX] = "";
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_LABEL, label, sizeof label);
    const CK_RV rv = attribute_read(token, object, &attribute);
    *same = rv == CKR_ATTRIBUTE_TYPE_INVALID || (rv == CKR_OK && attribute.ulValueLen <= wanted.len &&
                                                 memcmp(label, wanted.data, attribute.ulValueLen) == 0);
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL ? CKR_OK : rv;
}
