// A PKCS#11 module with tokens that are words alone. What it gets wrong is in LYING_MODULE: a lie and, behind
// a colon, what the lie is about.
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

static bool tells(const char *lie, const char **about)
{
    const char *told = getenv("LYING_MODULE");
    const size_t len = strlen(lie);
    if (told == NULL || strncmp(told, lie, len) != 0 || (told[len] != '\0' && told[len] != ':'))
        return false;
    *about = told[len] == ':' ? told + len + 1 : "";
    return true;
}

static bool initialized;

static CK_RV initialize(void *arguments)
{
    (void)arguments;
    if (initialized)
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    initialized = true;
    return CKR_OK;
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    initialized = false;
    return CKR_OK;
}

// What every call gives: nothing works in a module that somebody has finalised.
static CK_RV works(void)
{
    return initialized ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    (void)flags, (void)application, (void)notify;
    *session = slot;
    return works();
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    (void)session;
    return works();
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return works();
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *len)
{
    (void)session, (void)data, (void)data_len;
    memset(signature, 1, 256);
    *len = 256;
    return works();
}

static CK_RV get_info(CK_INFO *info)
{
    memset(info, ' ', sizeof *info);
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
    const char *about = "";
    const CK_ULONG room = *count;
    const CK_ULONG slots = tells("slots", &about) ? strtoul(about, NULL, 10) : 2;
    (void)present;
    *count = tells("count", &about) ? strtoul(about, NULL, 10) : slots;
    if (list == NULL)
        return CKR_OK;
    // Says that all is well, and writes what there is room for.
    const bool fills = tells("count", &about);
    if (slots > room && !fills)
        return CKR_BUFFER_TOO_SMALL;
    const bool twice = tells("twice", &about), full = tells("count", &about) && strstr(about, "full") != NULL;
    for (CK_ULONG i = 0; i < (full ? room : slots) && i < room; i++)
        list[i] = twice ? 7 : 7 + i;
    return CKR_OK;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    (void)slot;
    memset(info, ' ', sizeof *info);
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    memset(info, ' ', sizeof *info);
    info->label[0] = (CK_UTF8CHAR)('a' + slot - 7);
    info->flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED;
    return CKR_OK;
}

static CK_FUNCTION_LIST list;

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    const char *about = "";
    list = (CK_FUNCTION_LIST){.version = {2, 20},
                              .C_Initialize = initialize,
                              .C_Finalize = finalize,
                              .C_OpenSession = open_session,
                              .C_CloseSession = close_session,
                              .C_SignInit = sign_init,
                              .C_Sign = sign,
                              .C_GetInfo = get_info,
                              .C_GetSlotList = get_slot_list,
                              .C_GetSlotInfo = get_slot_info,
                              .C_GetTokenInfo = get_token_info};
    *out = tells("no list", &about) ? NULL : &list;
    if (tells("lacks", &about)) {
        list.C_Initialize = strcmp(about, "C_Initialize") == 0 ? NULL : list.C_Initialize;
        list.C_Sign = strcmp(about, "C_Sign") == 0 ? NULL : list.C_Sign;
        list.C_Finalize = strcmp(about, "C_Finalize") == 0 ? NULL : list.C_Finalize;
        list.C_GetInfo = strcmp(about, "C_GetInfo") == 0 ? NULL : list.C_GetInfo;
        list.C_GetSlotList = strcmp(about, "C_GetSlotList") == 0 ? NULL : list.C_GetSlotList;
        list.C_GetSlotInfo = strcmp(about, "C_GetSlotInfo") == 0 ? NULL : list.C_GetSlotInfo;
        list.C_GetTokenInfo = strcmp(about, "C_GetTokenInfo") == 0 ? NULL : list.C_GetTokenInfo;
    }
    return tells("refuses", &about) ? CKR_GENERAL_ERROR : CKR_OK;
}
