// The module's functions, and the list of them.
#include <dlfcn.h>
#include <link.h>

#include "core/callback.h"
#include "core/text.h"
#include "pkey/one_key_held.h"

#define LABEL "ssa-hsm"

static _Thread_local bool to_be_found; // by this thread's search

static void pad(CK_UTF8CHAR *out, size_t width, const char *text)
{
    memset(out, ' ', width);
    for (size_t i = 0; i < width && text[i] != '\0'; i++)
        out[i] = (CK_UTF8CHAR)text[i];
}

static CK_RV initialize(void *arguments)
{
    (void)arguments;
    return CKR_OK;
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    return CKR_OK;
}

static CK_RV get_info(CK_INFO *info)
{
    *info = (CK_INFO){.cryptokiVersion = {.major = 2, .minor = 40}};
    pad(info->manufacturerID, sizeof info->manufacturerID, LABEL);
    pad(info->libraryDescription, sizeof info->libraryDescription, LABEL);
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    const CK_ULONG room = slots == NULL ? 1 : *count;
    (void)present;
    const CK_ULONG shown = one_key_shown();
    *count = shown != 0 ? 1 : 0;
    if (*count > room)
        return CKR_BUFFER_TOO_SMALL;
    if (slots != NULL && shown != 0)
        slots[0] = shown;
    return CKR_OK;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    if (!one_key_is_there(slot))
        return CKR_SLOT_ID_INVALID;
    *info = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT};
    pad(info->slotDescription, sizeof info->slotDescription, LABEL);
    pad(info->manufacturerID, sizeof info->manufacturerID, LABEL);
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    if (!one_key_is_there(slot))
        return CKR_SLOT_ID_INVALID;
    *info = (CK_TOKEN_INFO){.flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_WRITE_PROTECTED};
    pad(info->label, sizeof info->label, LABEL);
    pad(info->manufacturerID, sizeof info->manufacturerID, LABEL);
    pad(info->model, sizeof info->model, LABEL);
    pad(info->serialNumber, sizeof info->serialNumber, "");
    pad((CK_UTF8CHAR *)info->utcTime, sizeof info->utcTime, "");
    return CKR_OK;
}

// After another answer than CKR_OK, libp11 0.4.12 waits for a session for ever. In a forked child, too, the signature
// is what fails.
static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    (void)flags;
    (void)application;
    (void)notify;
    *session = slot;
    return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_OK;
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_CLASS && template[i].ulValueLen == sizeof class)
            memcpy(&class, template[i].pValue, sizeof class);
    to_be_found = class == CKO_PRIVATE_KEY && one_key_is_there(session);
    return CKR_OK;
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
    *count = to_be_found && room > 0 ? 1 : 0;
    if (*count > 0)
        objects[0] = session;
    to_be_found = false;
    return CKR_OK;
}

static CK_RV find_objects_final(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_OK;
}

// The signer itself logs in where each signature wants that. The exponent is always told: libp11 would look for a
// public key's object.
static struct span attribute_value(const struct one_key *one, CK_ATTRIBUTE_TYPE type)
{
    static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    static const CK_KEY_TYPE kind = CKK_RSA;
    static const CK_BBOOL no = CK_FALSE;
    switch (type) {
    case CKA_CLASS:
        return span_of(&class, sizeof class);
    case CKA_KEY_TYPE:
        return span_of(&kind, sizeof kind);
    case CKA_ALWAYS_AUTHENTICATE:
        return span_of(&no, sizeof no);
    case CKA_ID:
    case CKA_LABEL:
        return span_text(LABEL);
    case CKA_MODULUS:
        return span_of(one->modulus, one->modulus_len);
    case CKA_PUBLIC_EXPONENT:
        return span_of(one->exponent, one->exponent_len);
    default:
        return span_of(NULL, 0);
    }
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                 CK_ULONG count)
{
    struct one_key one;
    CK_RV rv = CKR_OK;
    (void)session;
    if (!one_key_take(object, &one))
        return CKR_OBJECT_HANDLE_INVALID;
    for (CK_ULONG i = 0; i < count; i++) {
        const struct span value = attribute_value(&one, template[i].type);
        const bool fits = template[i].pValue == NULL || template[i].ulValueLen >= value.len;
        if (value.data != NULL && fits && template[i].pValue != NULL)
            memcpy(template[i].pValue, value.data, value.len);
        template[i].ulValueLen = value.data != NULL &&fits ? value.len : CK_UNAVAILABLE_INFORMATION;
        if (value.data == NULL)
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        else if (!fits)
            rv = CKR_BUFFER_TOO_SMALL;
    }
    handle_drop(one.signer);
    return rv;
}

// A signature over a ciphertext by raw RSA (CKM_RSA_X_509) would decrypt it.
static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session;
    if (mechanism->mechanism != CKM_RSA_PKCS || mechanism->ulParameterLen != 0)
        return CKR_MECHANISM_INVALID;
    return one_key_is_there(key) ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}

static void tell_failure(const struct ssa_signer *signer, const struct ssa_error *err)
{
    char line[ERROR_LINE_MAX];
    if (!callback_running())
        tell_reason(&signer->run.callbacks, SSA_WARNING, err->reason, err->detail, "a signature failed: %s",
                    error_line(err, line));
}

static CK_RV code_of(const struct ssa_error *err)
{
    switch (err->code) {
    case SSA_ABSENT:
        return CKR_DEVICE_REMOVED;
    case SSA_PIN:
        return CKR_PIN_INCORRECT;
    case SSA_KEY_MISSING:
        return CKR_KEY_HANDLE_INVALID;
    case SSA_TOKEN:
        return CKR_DEVICE_ERROR;
    default:
        return CKR_FUNCTION_FAILED;
    }
}

static CK_RV sign_digest(struct ssa_signer *signer, struct span digest, uint8_t *out, CK_ULONG *len)
{
    struct ssa_signature signature = {.len = 0};
    struct ssa_error err = {0};
    if (!ssa_signer_sign(signer, SSA_DIGEST, digest.data, digest.len, &signature, &err)) {
        tell_failure(signer, &err);
        return code_of(&err);
    }
    if (signature.len > *len)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(out, signature.bytes, signature.len);
    *len = signature.len;
    return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, uint8_t *data, CK_ULONG data_len, uint8_t *signature, CK_ULONG *len)
{
    struct one_key one;
    struct span digest;
    CK_RV rv = CKR_DATA_INVALID;
    if (!one_key_take(session, &one))
        return CKR_SESSION_HANDLE_INVALID;
    if (signature == NULL) {
        *len = one.modulus_len;
        rv = CKR_OK;
    } else if (key_digest_of(span_of(data, data_len), &digest)) {
        rv = sign_digest(one.signer, digest, signature, len);
    }
    handle_drop(one.signer);
    return rv;
}

// All calls that are not needed.
static CK_RV refuse(void)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}
#define REFUSED(name) .name = (CK_##name)(void (*)(void))refuse

static CK_FUNCTION_LIST list = {
    .version = {.major = 2, .minor = 40},
    .C_Initialize = initialize,
    .C_Finalize = finalize,
    .C_GetInfo = get_info,
    .C_GetFunctionList = C_GetFunctionList,
    .C_GetSlotList = get_slot_list,
    .C_GetSlotInfo = get_slot_info,
    .C_GetTokenInfo = get_token_info,
    REFUSED(C_GetMechanismList),
    REFUSED(C_GetMechanismInfo),
    REFUSED(C_InitToken),
    REFUSED(C_InitPIN),
    REFUSED(C_SetPIN),
    .C_OpenSession = open_session,
    .C_CloseSession = close_session,
    .C_CloseAllSessions = close_session,
    REFUSED(C_GetSessionInfo),
    REFUSED(C_GetOperationState),
    REFUSED(C_SetOperationState),
    REFUSED(C_Login),
    REFUSED(C_Logout),
    REFUSED(C_CreateObject),
    REFUSED(C_CopyObject),
    REFUSED(C_DestroyObject),
    REFUSED(C_GetObjectSize),
    .C_GetAttributeValue = get_attribute_value,
    REFUSED(C_SetAttributeValue),
    .C_FindObjectsInit = find_objects_init,
    .C_FindObjects = find_objects,
    .C_FindObjectsFinal = find_objects_final,
    REFUSED(C_EncryptInit),
    REFUSED(C_Encrypt),
    REFUSED(C_EncryptUpdate),
    REFUSED(C_EncryptFinal),
    REFUSED(C_DecryptInit),
    REFUSED(C_Decrypt),
    REFUSED(C_DecryptUpdate),
    REFUSED(C_DecryptFinal),
    REFUSED(C_DigestInit),
    REFUSED(C_Digest),
    REFUSED(C_DigestUpdate),
    REFUSED(C_DigestKey),
    REFUSED(C_DigestFinal),
    .C_SignInit = sign_init,
    .C_Sign = sign,
    REFUSED(C_SignUpdate),
    REFUSED(C_SignFinal),
    REFUSED(C_SignRecoverInit),
    REFUSED(C_SignRecover),
    REFUSED(C_VerifyInit),
    REFUSED(C_Verify),
    REFUSED(C_VerifyUpdate),
    REFUSED(C_VerifyFinal),
    REFUSED(C_VerifyRecoverInit),
    REFUSED(C_VerifyRecover),
    REFUSED(C_DigestEncryptUpdate),
    REFUSED(C_DecryptDigestUpdate),
    REFUSED(C_SignEncryptUpdate),
    REFUSED(C_DecryptVerifyUpdate),
    REFUSED(C_GenerateKey),
    REFUSED(C_GenerateKeyPair),
    REFUSED(C_WrapKey),
    REFUSED(C_UnwrapKey),
    REFUSED(C_DeriveKey),
    REFUSED(C_SeedRandom),
    REFUSED(C_GenerateRandom),
    REFUSED(C_GetFunctionStatus),
    REFUSED(C_CancelFunction),
    REFUSED(C_WaitForSlotEvent),
};

// For libp11, while ssa_signer_key runs. For all others it is a module without a slot.
__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **functions)
{
    if (functions == NULL)
        return CKR_ARGUMENTS_BAD;
    *functions = &list;
    return CKR_OK;
}

bool one_key_file(const char **path, struct ssa_error *err)
{
    Dl_info info;
    const struct link_map *map = NULL;
    CK_C_GetFunctionList found = NULL;
    if (dladdr1(&list, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the library does not find its own file");
    *path = map->l_name;
    void *self = dlopen(map->l_name[0] == '\0' ? NULL : map->l_name, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (self != NULL) {
        // POSIX lets a function's address go through void *.
        *(void **)&found = dlsym(self, "C_GetFunctionList");
        (void)dlclose(self);
    }
    // A program may have another library's function of this name.
    return found == C_GetFunctionList ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL,
                     "the program does not export C_GetFunctionList, which a key of the static library needs (link it "
                     "with -Wl,--export-dynamic-symbol=C_GetFunctionList)");
}
