/* Names of the standard and their numbers, both ways: scripts are written and calls are logged in names. */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

enum name_kind { NAME_CKR, NAME_CKO, NAME_CKU, NAME_CKA, NAME_CKM, NAME_TOKEN_FLAG, NAME_SLOT_FLAG };

/* Big enough for every name and for any number in hex. */
enum { NAME_SIZE = 48 };

/* A number of that kind, given by name or as 0x… */
bool name_parse(enum name_kind kind, const char *text, CK_ULONG *number);

/* The name, or the number in hex for what the table does not have. */
void name_format(enum name_kind kind, CK_ULONG number, char out[static NAME_SIZE]);
