/* Tables of the standard's names. */
#include "names.h"

#include "names.def"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
    const char *text;
    CK_ULONG number;
};

/* Keys wrapped by RFC 5649, from PKCS#11 3.0: p11-kit's header does not know it. */
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif

#define NAME(name) {#name, name},

static const struct name ckr[] = {CKR_NAMES(NAME)};
static const struct name cko[] = {CKO_NAMES(NAME)};
static const struct name cku[] = {CKU_NAMES(NAME)};
static const struct name cka[] = {CKA_NAMES(NAME)};
#define CKM_MAKERS_AES_KWP (CKM_VENDOR_DEFINED | 0x171UL)

static const struct name ckm[] = {CKM_NAMES(NAME) NAME(CKM_AES_KEY_WRAP_KWP) NAME(CKM_MAKERS_AES_KWP)};
static const struct name token_flags[] = {TOKEN_FLAG_NAMES(NAME)};
static const struct name slot_flags[] = {SLOT_FLAG_NAMES(NAME)};

#define TABLE(array)                                                                                                   \
    {                                                                                                                  \
        array, sizeof(array) / sizeof(array[0])                                                                        \
    }

static const struct {
    const struct name *names;
    size_t count;
} tables[] = {
    [NAME_CKR] = TABLE(ckr),
    [NAME_CKO] = TABLE(cko),
    [NAME_CKU] = TABLE(cku),
    [NAME_CKA] = TABLE(cka),
    [NAME_CKM] = TABLE(ckm),
    [NAME_TOKEN_FLAG] = TABLE(token_flags),
    [NAME_SLOT_FLAG] = TABLE(slot_flags),
};

bool name_parse(enum name_kind kind, const char *text, CK_ULONG *number)
{
    for (size_t i = 0; i < tables[kind].count; i++) {
        if (strcmp(tables[kind].names[i].text, text) == 0) {
            *number = tables[kind].names[i].number;
            return true;
        }
    }
    if (strncmp(text, "0x", 2) != 0 || text[2] == '\0')
        return false;
    char *end = NULL;
    errno = 0;
    *number = strtoul(text + 2, &end, 16);
    return errno == 0 && *end == '\0';
}

void name_format(enum name_kind kind, CK_ULONG number, char out[static NAME_SIZE])
{
    for (size_t i = 0; i < tables[kind].count; i++) {
        if (tables[kind].names[i].number == number) {
            snprintf(out, NAME_SIZE, "%s", tables[kind].names[i].text);
            return;
        }
    }
    snprintf(out, NAME_SIZE, "0x%lx", number);
}
