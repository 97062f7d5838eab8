/* The C_ functions and their list. Each does what the rules say before, itself or through the wrapped module,
 * and what they say after; those that differ from passing on are in behave.h. */
#include "behave.h"
#include "sessions.h"
#include "wrapped.h"

#include <pthread.h>

/* A function: its name, what gives its result, its parameters, and which of them the rules and the log may
 * see. */
#define ENTRY(name, result, parameters, ...)                                                                           \
    static CK_RV entry_##name parameters                                                                               \
    {                                                                                                                  \
        struct call call = {.id = ID_##name, __VA_ARGS__};                                                             \
        if (act_before(&call))                                                                                         \
            call.rv = result;                                                                                          \
        return act_after(&call);                                                                                       \
    }

#define PASS(name, parameters, arguments, ...)                                                                         \
    ENTRY(name, (wrapped.name != NULL ? wrapped.name arguments : CKR_FUNCTION_NOT_SUPPORTED), parameters, __VA_ARGS__)

/* Functions of the same shape. */
#define PASS_SESSION(name) PASS(name, (CK_SESSION_HANDLE session), (session), .session = &session)

#define PASS_INIT(name)                                                                                                \
    PASS(name, (CK_SESSION_HANDLE session, CK_MECHANISM * mechanism, CK_OBJECT_HANDLE key), (session, mechanism, key), \
         .session = &session, .mechanism = mechanism, .object = &key)

#define PASS_WHOLE(name)                                                                                               \
    PASS(name, (CK_SESSION_HANDLE session, CK_BYTE * from, CK_ULONG length, CK_BYTE * to, CK_ULONG * size),            \
         (session, from, length, to, size), .session = &session, .in = &length, .out = size)

#define PASS_UPDATE(name)                                                                                              \
    PASS(name, (CK_SESSION_HANDLE session, CK_BYTE * part, CK_ULONG length), (session, part, length),                  \
         .session = &session, .in = &length)

#define PASS_FINAL(name)                                                                                               \
    PASS(name, (CK_SESSION_HANDLE session, CK_BYTE * to, CK_ULONG * size), (session, to, size), .session = &session,   \
         .out = size)

/* The module, slots and tokens. */
ENTRY(C_Initialize, shim_initialize(arguments), (void *arguments), )
ENTRY(C_Finalize, shim_finalize(reserved), (void *reserved), )
ENTRY(C_GetInfo, shim_get_info(info), (CK_INFO * info), )
ENTRY(C_GetSlotList, shim_get_slot_list(present, list, count), (CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count),
      .out = count)
ENTRY(C_GetSlotInfo, shim_get_slot_info(slot, info), (CK_SLOT_ID slot, CK_SLOT_INFO *info), .slot = &slot)
ENTRY(C_GetTokenInfo, shim_get_token_info(slot, info), (CK_SLOT_ID slot, CK_TOKEN_INFO *info), .slot = &slot)
ENTRY(C_GetMechanismList, shim_get_mechanism_list(slot, list, count),
      (CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count), .slot = &slot, .out = count)
ENTRY(C_GetMechanismInfo, shim_get_mechanism_info(slot, type, info),
      (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info), .slot = &slot, .mechanism_type = &type)
PASS(C_InitToken, (CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG length, CK_BYTE *label), (slot, pin, length, label),
     .slot = &slot)
PASS(C_InitPIN, (CK_SESSION_HANDLE session, CK_BYTE *pin, CK_ULONG length), (session, pin, length), .session = &session)
PASS(C_SetPIN, (CK_SESSION_HANDLE session, CK_BYTE *old, CK_ULONG old_length, CK_BYTE *pin, CK_ULONG length),
     (session, old, old_length, pin, length), .session = &session)
PASS(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved), (flags, slot, reserved), )

/* Sessions and logins. */
ENTRY(C_OpenSession, shim_open_session(slot, flags, application, notify, session),
      (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session), .slot = &slot,
      .out = session)
ENTRY(C_CloseSession, shim_close_session(session), (CK_SESSION_HANDLE session), .session = &session)
ENTRY(C_CloseAllSessions, shim_close_all_sessions(slot), (CK_SLOT_ID slot), .slot = &slot)
ENTRY(C_GetSessionInfo, shim_get_session_info(session, info), (CK_SESSION_HANDLE session, CK_SESSION_INFO *info),
      .session = &session)
PASS_FINAL(C_GetOperationState)
PASS(C_SetOperationState,
     (CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG length, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE other),
     (session, state, length, key, other), .session = &session, .in = &length)
ENTRY(C_Login, shim_login(session, user, pin, length),
      (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG length), .session = &session, .user = &user,
      .pin = pin, .pin_length = length)
ENTRY(C_Logout, shim_logout(session), (CK_SESSION_HANDLE session), .session = &session)

/* Objects. */
ENTRY(C_CreateObject, shim_create_object(session, attributes, count, object),
      (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *object),
      .session = &session, .attributes = attributes, .attribute_count = count, .out = object)
PASS(C_CopyObject,
     (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
      CK_OBJECT_HANDLE *copy),
     (session, object, attributes, count, copy), .session = &session, .object = &object, .attributes = attributes,
     .attribute_count = count, .out = copy)
PASS(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object), .session = &session,
     .object = &object)
PASS(C_GetObjectSize, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size), (session, object, size),
     .session = &session, .object = &object, .out = size)
ENTRY(C_GetAttributeValue, shim_get_attribute_value(session, object, attributes, count),
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count),
      .session = &session, .object = &object, .attributes = attributes, .attribute_count = count)
PASS(C_SetAttributeValue,
     (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count),
     (session, object, attributes, count), .session = &session, .object = &object, .attributes = attributes,
     .attribute_count = count)
PASS(C_FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count),
     (session, attributes, count), .session = &session, .attributes = attributes, .attribute_count = count)
ENTRY(C_FindObjects, shim_find_objects(session, objects, max, count),
      (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count), .session = &session,
      .out = count)
PASS_SESSION(C_FindObjectsFinal)

/* Encryption and digests. */
PASS_INIT(C_EncryptInit)
PASS_WHOLE(C_Encrypt)
PASS_WHOLE(C_EncryptUpdate)
PASS_FINAL(C_EncryptFinal)
PASS_INIT(C_DecryptInit)
PASS_WHOLE(C_Decrypt)
PASS_WHOLE(C_DecryptUpdate)
PASS_FINAL(C_DecryptFinal)
PASS(C_DigestInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism), (session, mechanism), .session = &session,
     .mechanism = mechanism)
PASS_WHOLE(C_Digest)
PASS_UPDATE(C_DigestUpdate)
PASS(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), (session, key), .session = &session,
     .object = &key)
PASS_FINAL(C_DigestFinal)
PASS_WHOLE(C_DigestEncryptUpdate)
PASS_WHOLE(C_DecryptDigestUpdate)
PASS_WHOLE(C_SignEncryptUpdate)
PASS_WHOLE(C_DecryptVerifyUpdate)

/* Signatures. */
ENTRY(C_SignInit, shim_sign_init(session, mechanism, key),
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), .session = &session,
      .mechanism = mechanism, .object = &key)
ENTRY(C_Sign, shim_sign(session, data, length, signature, size),
      (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature, CK_ULONG *size),
      .session = &session, .in = &length, .out = size, .signature = signature)
ENTRY(C_SignUpdate, shim_sign_update(session, part, length),
      (CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG length), .session = &session, .in = &length)
ENTRY(C_SignFinal, shim_sign_final(session, signature, size),
      (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *size), .session = &session, .out = size,
      .signature = signature)
PASS_INIT(C_SignRecoverInit)
PASS_WHOLE(C_SignRecover)
PASS_INIT(C_VerifyInit)
PASS(C_Verify,
     (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature, CK_ULONG signature_length),
     (session, data, length, signature, signature_length), .session = &session, .in = &length)
PASS_UPDATE(C_VerifyUpdate)
PASS_UPDATE(C_VerifyFinal)
PASS_INIT(C_VerifyRecoverInit)
PASS_WHOLE(C_VerifyRecover)

/* Keys. Where a template says what is made, rules go by its class, not by that of the key that helps. */
PASS(C_GenerateKey,
     (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *attributes, CK_ULONG count,
      CK_OBJECT_HANDLE *key),
     (session, mechanism, attributes, count, key), .session = &session, .mechanism = mechanism,
     .attributes = attributes, .attribute_count = count, .out = key)
ENTRY(C_GenerateKeyPair,
      shim_generate_key_pair(session, mechanism, public, public_count, private, private_count, public_key, key),
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public, CK_ULONG public_count,
       CK_ATTRIBUTE *private, CK_ULONG private_count, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *key),
      .session = &session, .mechanism = mechanism, .attributes = private, .attribute_count = private_count, .out = key,
      .object_class = {true, CKO_PRIVATE_KEY})
PASS(C_WrapKey,
     (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *to,
      CK_ULONG *size),
     (session, mechanism, wrapping, key, to, size), .session = &session, .mechanism = mechanism, .object = &key,
     .out = size)
ENTRY(C_UnwrapKey, shim_unwrap_key(session, mechanism, unwrapping, from, length, attributes, count, key),
      (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping, CK_BYTE *from, CK_ULONG length,
       CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key),
      .session = &session, .mechanism = mechanism, .attributes = attributes, .attribute_count = count, .in = &length,
      .out = key)
PASS(C_DeriveKey,
     (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *attributes,
      CK_ULONG count, CK_OBJECT_HANDLE *key),
     (session, mechanism, base, attributes, count, key), .session = &session, .mechanism = mechanism,
     .attributes = attributes, .attribute_count = count, .out = key)
PASS_UPDATE(C_SeedRandom)
PASS_UPDATE(C_GenerateRandom)
PASS_SESSION(C_GetFunctionStatus)
PASS_SESSION(C_CancelFunction)

static CK_FUNCTION_LIST list;

static CK_RV give_list(CK_FUNCTION_LIST **out)
{
    if (out == NULL)
        return CKR_ARGUMENTS_BAD;
    *out = &list;
    return CKR_OK;
}

ENTRY(C_GetFunctionList, give_list(out), (CK_FUNCTION_LIST * *out), )

static CK_FUNCTION_LIST list = {
#define CALL(name) .name = entry_##name,
#include "calls.def"
#undef CALL
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool ready;

static void set_up(void)
{
    ready = script_load() && wrapped_load();
    list.version = wrapped.version;
#define CALL(name)                                                                                                     \
    if (script.lacks[ID_##name])                                                                                       \
        list.name = NULL;
#include "calls.def"
#undef CALL
    act_setup();
    sessions_setup();
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    pthread_once(&once, set_up);
    return ready ? entry_C_GetFunctionList(out) : CKR_GENERAL_ERROR;
}
