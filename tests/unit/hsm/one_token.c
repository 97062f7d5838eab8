// A PKCS#11 module with one token, for tests of who may use it: two at once inside it end the process.
#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_int inside;

// Stays inside for a moment, so that two meet.
static CK_RV enter(CK_RV rv)
{
    if (atomic_fetch_add(&inside, 1) != 0)
        abort();
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    atomic_fetch_sub(&inside, 1);
    return rv;
}

static CK_RV initialize(void *arguments)
{
    (void)arguments;
    return enter(CKR_OK);
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    return enter(CKR_OK);
}

static CK_RV get_info(CK_INFO *info)
{
    *info = (CK_INFO){0};
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    (void)present;
    if (slots != NULL && *count > 0)
        slots[0] = 7;
    *count = 1;
    return enter(CKR_OK);
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    (void)slot;
    *info = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT};
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    (void)slot;
    *info = (CK_TOKEN_INFO){.flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED,
                            .ulMaxPinLen = 8,
                            .ulMinPinLen = 4};
    memset(info->label, ' ', sizeof info->label);
    memcpy(info->label, "one", 3);
    memset(info->serialNumber, ' ', sizeof info->serialNumber);
    return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    (void)slot, (void)flags, (void)application, (void)notify;
    *session = 1;
    return enter(CKR_OK);
}

static CK_RV session_only(CK_SESSION_HANDLE session)
{
    (void)session;
    return enter(CKR_OK);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    (void)session, (void)user, (void)pin, (void)len;
    return enter(CKR_OK);
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)session, (void)template, (void)count;
    return enter(CKR_OK);
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
    (void)session, (void)objects, (void)max;
    *count = 0;
    return enter(CKR_OK);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);
__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    static CK_FUNCTION_LIST functions = {.version = {2, 40},
                                         .C_Initialize = initialize,
                                         .C_Finalize = finalize,
                                         .C_GetInfo = get_info,
                                         .C_GetFunctionList = C_GetFunctionList,
                                         .C_GetSlotList = get_slot_list,
                                         .C_GetSlotInfo = get_slot_info,
                                         .C_GetTokenInfo = get_token_info,
                                         .C_OpenSession = open_session,
                                         .C_CloseSession = session_only,
                                         .C_Login = login,
                                         .C_Logout = session_only,
                                         .C_FindObjectsInit = find_init,
                                         .C_FindObjects = find,
                                         .C_FindObjectsFinal = session_only};
    *list = &functions;
    return CKR_OK;
}
