// Reading attributes of objects. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

struct token;

// Reads a list of an object's attributes. CKR_OK means that the object answered; what it did not tell has the length
// CK_UNAVAILABLE_INFORMATION. After any other answer nothing is known.
enum { ATTRIBUTES_MAX = 16 };
CK_RV attributes_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count);

// Reads the same attributes of so many objects as the module tells of at once: *done of them. lists has count
// attributes for each, with the same room. Returns what attributes_read would of the last of these, the others
// answered.
CK_RV attributes_read_of(struct token *token, const CK_OBJECT_HANDLE *objects, CK_ULONG object_count,
                         CK_ATTRIBUTE *lists, CK_ULONG count, CK_ULONG *done);

// Reads one attribute, and returns what the module says of it.
CK_RV attribute_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute);

// The length of an attribute that was read; 0 where the token did not tell it.
size_t attribute_len(const CK_ATTRIBUTE *attribute);

// Whether the object's label is the wanted one, or its beginning: some tokens shorten labels, and others know none.
CK_RV attribute_compare_label(struct token *token, CK_OBJECT_HANDLE object, struct span wanted, bool *same);
