// What stands in for a function that a module leaves out.
#include "hsm/cryptoki/calls.h"

#include <stddef.h>
#include <stdlib.h>

static _Thread_local const char *left_out;

static CK_RV lacks(const char *name)
{
    left_out = name;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

const char *calls_left_out(void)
{
    const char *name = left_out;
    left_out = NULL;
    return name;
}

#define STAND_IN(name, ...)                                                                                            \
    static CK_RV no_##name(__VA_ARGS__)                                                                                \
    {                                                                                                                  \
        return lacks(#name);                                                                                           \
    }

// Parameters as the standard has them, without names: nothing is read.
#define UNUSED __attribute__((unused))
#define S      CK_SESSION_HANDLE s UNUSED
#define O      CK_OBJECT_HANDLE o UNUSED
#define M      CK_MECHANISM *m UNUSED
#define T      CK_ATTRIBUTE *t UNUSED, CK_ULONG tn UNUSED
#define B      CK_BYTE *b UNUSED, CK_ULONG bn UNUSED

STAND_IN(C_Initialize, void *p UNUSED)
STAND_IN(C_Finalize, void *p UNUSED)
STAND_IN(C_GetInfo, CK_INFO *p UNUSED)
STAND_IN(C_GetSlotList, CK_BBOOL p UNUSED, CK_SLOT_ID *l UNUSED, CK_ULONG *n UNUSED)
STAND_IN(C_GetSlotInfo, CK_SLOT_ID id UNUSED, CK_SLOT_INFO *p UNUSED)
STAND_IN(C_GetTokenInfo, CK_SLOT_ID id UNUSED, CK_TOKEN_INFO *p UNUSED)
STAND_IN(C_GetMechanismList, CK_SLOT_ID id UNUSED, CK_MECHANISM_TYPE *l UNUSED, CK_ULONG *n UNUSED)
STAND_IN(C_GetMechanismInfo, CK_SLOT_ID id UNUSED, CK_MECHANISM_TYPE t UNUSED, CK_MECHANISM_INFO *p UNUSED)
STAND_IN(C_OpenSession, CK_SLOT_ID id UNUSED, CK_FLAGS f UNUSED, void *a UNUSED, CK_NOTIFY n UNUSED,
         CK_SESSION_HANDLE *p UNUSED)
STAND_IN(C_CloseSession, S)
STAND_IN(C_CloseAllSessions, CK_SLOT_ID id UNUSED)
STAND_IN(C_GetSessionInfo, S, CK_SESSION_INFO *p UNUSED)
STAND_IN(C_Login, S, CK_USER_TYPE u UNUSED, B)
STAND_IN(C_Logout, S)
STAND_IN(C_CreateObject, S, T, CK_OBJECT_HANDLE *p UNUSED)
STAND_IN(C_CopyObject, S, O, T, CK_OBJECT_HANDLE *p UNUSED)
STAND_IN(C_DestroyObject, S, O)
STAND_IN(C_GetAttributeValue, S, O, T)
STAND_IN(C_SetAttributeValue, S, O, T)
STAND_IN(C_FindObjectsInit, S, T)
STAND_IN(C_FindObjects, S, CK_OBJECT_HANDLE *p UNUSED, CK_ULONG max UNUSED, CK_ULONG *n UNUSED)
STAND_IN(C_FindObjectsFinal, S)
STAND_IN(C_DecryptInit, S, M, O)
STAND_IN(C_Decrypt, S, B, CK_BYTE *p UNUSED, CK_ULONG *n UNUSED)
STAND_IN(C_SignInit, S, M, O)
STAND_IN(C_Sign, S, B, CK_BYTE *p UNUSED, CK_ULONG *n UNUSED)
STAND_IN(C_VerifyInit, S, M, O)
STAND_IN(C_Verify, S, B, CK_BYTE *p UNUSED, CK_ULONG n UNUSED)
STAND_IN(C_GenerateKey, S, M, T, CK_OBJECT_HANDLE *p UNUSED)
STAND_IN(C_GenerateKeyPair, S, M, T, CK_ATTRIBUTE *t2 UNUSED, CK_ULONG tn2 UNUSED, CK_OBJECT_HANDLE *p UNUSED,
         CK_OBJECT_HANDLE *p2 UNUSED)
STAND_IN(C_WrapKey, S, M, O, CK_OBJECT_HANDLE k UNUSED, CK_BYTE *p UNUSED, CK_ULONG *n UNUSED)
STAND_IN(C_UnwrapKey, S, M, O, B, T, CK_OBJECT_HANDLE *p UNUSED)
STAND_IN(C_GenerateRandom, S, B)

// The functions that hsm calls, and some that it may call one day.
#define FOR_EACH(F)                                                                                                    \
    F(C_Initialize)                                                                                                    \
    F(C_Finalize)                                                                                                      \
    F(C_GetInfo)                                                                                                       \
    F(C_GetSlotList)                                                                                                   \
    F(C_GetSlotInfo)                                                                                                   \
    F(C_GetTokenInfo)                                                                                                  \
    F(C_GetMechanismList)                                                                                              \
    F(C_GetMechanismInfo)                                                                                              \
    F(C_OpenSession)                                                                                                   \
    F(C_CloseSession)                                                                                                  \
    F(C_CloseAllSessions)                                                                                              \
    F(C_GetSessionInfo)                                                                                                \
    F(C_Login)                                                                                                         \
    F(C_Logout)                                                                                                        \
    F(C_CreateObject)                                                                                                  \
    F(C_CopyObject)                                                                                                    \
    F(C_DestroyObject)                                                                                                 \
    F(C_GetAttributeValue)                                                                                             \
    F(C_SetAttributeValue)                                                                                             \
    F(C_FindObjectsInit)                                                                                               \
    F(C_FindObjects)                                                                                                   \
    F(C_FindObjectsFinal)                                                                                              \
    F(C_DecryptInit)                                                                                                   \
    F(C_Decrypt)                                                                                                       \
    F(C_SignInit)                                                                                                      \
    F(C_Sign)                                                                                                          \
    F(C_VerifyInit)                                                                                                    \
    F(C_Verify)                                                                                                        \
    F(C_GenerateKey)                                                                                                   \
    F(C_GenerateKeyPair)                                                                                               \
    F(C_WrapKey)                                                                                                       \
    F(C_UnwrapKey)                                                                                                     \
    F(C_GenerateRandom)

CK_FUNCTION_LIST *calls_new(const CK_FUNCTION_LIST *given)
{
    CK_FUNCTION_LIST *calls = calloc(1, sizeof *calls);
    if (calls == NULL)
        return NULL;
    // Any other is not called: one that a module's list is too short for is not read either.
    calls->version = given->version;
#define TAKE(name) calls->name = given->name != NULL ? given->name : no_##name;
    FOR_EACH(TAKE)
#undef TAKE
    return calls;
}
