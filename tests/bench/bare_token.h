// What the bare programs have in common: settings in the environment (world.py), and a PKCS#11 token, with raw PKCS#11.
#pragma once

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

enum { SLOTS_MAX = 64 };

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(1);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        die("%s is not set", name);
    return value;
}

static void check(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        die("%s: 0x%lx", what, rv);
}

static CK_FUNCTION_LIST *load(const char *path)
{
    CK_FUNCTION_LIST *p11 = NULL;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        die("%s", dlerror());
    CK_C_GetFunctionList get_list = NULL;
    *(void **)&get_list = dlsym(module, "C_GetFunctionList");
    if (get_list == NULL)
        die("%s has no C_GetFunctionList", path);
    check(get_list(&p11), "C_GetFunctionList");
    check(p11->C_Initialize(NULL), "C_Initialize");
    return p11;
}

static CK_SLOT_ID find_token(CK_FUNCTION_LIST *p11, const char *label)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_TOKEN_INFO info;
    unsigned char padded[sizeof info.label];
    const size_t len = strlen(label);
    if (len > sizeof padded)
        die("the label is too long");
    memset(padded, ' ', sizeof padded);
    memcpy(padded, label, len);
    check(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        check(p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if (memcmp(info.label, padded, sizeof padded) == 0)
            return slots[i];
    }
    die("there is no token %s", label);
}
