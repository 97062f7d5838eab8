#include "hsm/remote/call_name.h"

#include <stddef.h>

static const char *const names[CALL_COUNT] = {
    [CALL_LOAD] = "C_GetFunctionList",
    [CALL_INITIALIZE] = "C_Initialize",
    [CALL_FINALIZE] = "C_Finalize",
    [CALL_GET_INFO] = "C_GetInfo",
    [CALL_GET_SLOT_LIST] = "C_GetSlotList",
    [CALL_GET_SLOT_INFO] = "C_GetSlotInfo",
    [CALL_GET_TOKEN_INFO] = "C_GetTokenInfo",
    [CALL_GET_MECHANISM_INFO] = "C_GetMechanismInfo",
    [CALL_OPEN_SESSION] = "C_OpenSession",
    [CALL_CLOSE_SESSION] = "C_CloseSession",
    [CALL_GET_SESSION_INFO] = "C_GetSessionInfo",
    [CALL_LOGIN] = "C_Login",
    [CALL_LOGOUT] = "C_Logout",
    [CALL_CREATE_OBJECT] = "C_CreateObject",
    [CALL_DESTROY_OBJECT] = "C_DestroyObject",
    [CALL_GET_ATTRIBUTE_VALUE] = "C_GetAttributeValue",
    [CALL_SET_ATTRIBUTE_VALUE] = "C_SetAttributeValue",
    [CALL_FIND_OBJECTS_INIT] = "C_FindObjectsInit",
    [CALL_FIND_OBJECTS] = "C_FindObjects",
    [CALL_FIND_OBJECTS_FINAL] = "C_FindObjectsFinal",
    [CALL_SIGN_INIT] = "C_SignInit",
    [CALL_SIGN] = "C_Sign",
    [CALL_GENERATE_KEY_PAIR] = "C_GenerateKeyPair",
    [CALL_UNWRAP_KEY] = "C_UnwrapKey",
    [CALL_SIGN_AT_ONCE] = "C_SignInit or C_Sign",
    [CALL_GET_ATTRIBUTE_VALUES] = "C_GetAttributeValue",
    // Which comes next.
    [CALL_OPEN_LANE] = "C_OpenSession",
};

const char *call_name(enum call_number number)
{
    return names[number];
}
