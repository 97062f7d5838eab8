// Reading attributes of objects. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

struct token;

// Reads a list of an object's attributes. CKR_OK where the object answered, with CK_UNAVAILABLE_INFORMATION
// as the length of what it did not tell; else nothing is known.
enum { ATTRIBUTES_MAX = 16 };
CK_RV attributes_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count);
// Reads one, and gives what the module says of it.
CK_RV attribute_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute);
// The length of an attribute that was read; 0 where the token did not tell it.
size_t attribute_len(const CK_ATTRIBUTE *attribute);
