#include "hsm/cryptoki/calls.h"

#include <stdlib.h>

static _Thread_local const char *left_out;

const char *calls_left_out(void)
{
    const char *name = left_out;
    left_out = NULL;
    return name;
}

// The parameters that the functions have in common. A stand-in reads none of them.
#define UNUSED __attribute__((unused))
#define S      CK_SESSION_HANDLE s UNUSED
#define O      CK_OBJECT_HANDLE o UNUSED
#define H      CK_ULONG *h UNUSED // a new handle, of whatever kind
#define M      CK_MECHANISM *m UNUSED
#define T      CK_ATTRIBUTE *t UNUSED, CK_ULONG tn UNUSED
#define B      CK_BYTE *b UNUSED, CK_ULONG bn UNUSED

// The functions that hsm calls, with their parameters as the standard has them.
#define FOR_EACH(F)                                                                                                    \
    F(C_Initialize, void *p UNUSED)                                                                                    \
    F(C_Finalize, void *p UNUSED)                                                                                      \
    F(C_GetInfo, CK_INFO *p UNUSED)                                                                                    \
    F(C_GetSlotList, CK_BBOOL p UNUSED, CK_SLOT_ID *l UNUSED, CK_ULONG *n UNUSED)                                      \
    F(C_GetSlotInfo, CK_SLOT_ID id UNUSED, CK_SLOT_INFO *p UNUSED)                                                     \
    F(C_GetTokenInfo, CK_SLOT_ID id UNUSED, CK_TOKEN_INFO *p UNUSED)                                                   \
    F(C_GetMechanismInfo, CK_SLOT_ID id UNUSED, CK_MECHANISM_TYPE t UNUSED, CK_MECHANISM_INFO *p UNUSED)               \
    F(C_OpenSession, CK_SLOT_ID id UNUSED, CK_FLAGS f UNUSED, void *a UNUSED, CK_NOTIFY n UNUSED, H)                   \
    F(C_CloseSession, S)                                                                                               \
    F(C_GetSessionInfo, S, CK_SESSION_INFO *p UNUSED)                                                                  \
    F(C_Login, S, CK_USER_TYPE u UNUSED, B)                                                                            \
    F(C_Logout, S)                                                                                                     \
    F(C_CreateObject, S, T, H)                                                                                         \
    F(C_DestroyObject, S, O)                                                                                           \
    F(C_GetAttributeValue, S, O, T)                                                                                    \
    F(C_SetAttributeValue, S, O, T)                                                                                    \
    F(C_FindObjectsInit, S, T)                                                                                         \
    F(C_FindObjects, S, H, CK_ULONG max UNUSED, CK_ULONG *n UNUSED)                                                    \
    F(C_FindObjectsFinal, S)                                                                                           \
    F(C_SignInit, S, M, O)                                                                                             \
    F(C_Sign, S, B, CK_BYTE *p UNUSED, CK_ULONG *n UNUSED)                                                             \
    F(C_GenerateKeyPair, S, M, T, CK_ATTRIBUTE *t2 UNUSED, CK_ULONG tn2 UNUSED, H, CK_OBJECT_HANDLE *h2 UNUSED)        \
    F(C_UnwrapKey, S, M, O, B, T, H)

#define STAND_IN(name, ...)                                                                                            \
    static CK_RV no_##name(__VA_ARGS__)                                                                                \
    {                                                                                                                  \
        left_out = #name;                                                                                              \
        return CKR_FUNCTION_NOT_SUPPORTED;                                                                             \
    }
FOR_EACH(STAND_IN)
#undef STAND_IN

CK_FUNCTION_LIST *calls_new(const CK_FUNCTION_LIST *given)
{
    CK_FUNCTION_LIST *calls = calloc(1, sizeof *calls);
    if (calls == NULL)
        return NULL;
    // No other function is called: one for which the module's list is too short is not read either.
    calls->version = given->version;
#define TAKE(name, ...) calls->name = given->name != NULL ? given->name : no_##name;
    FOR_EACH(TAKE)
#undef TAKE
    return calls;
}
