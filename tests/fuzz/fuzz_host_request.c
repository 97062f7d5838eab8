// The host's side, asked for anything: every request gets an answer that can be read, and the module is given only what
// lies within the request and the host's own room.
#include "fuzz.h"
#include "hsm/host/serve.h"

static volatile unsigned seen;

// Reads all of it: what lies outside is found by the address sanitizer.
static void look(const void *bytes, CK_ULONG len)
{
    const uint8_t *at = bytes;
    for (CK_ULONG i = 0; at != NULL && i < len; i++)
        seen += at[i];
}

static void look_at_template(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++)
        look(template[i].pValue, template[i].ulValueLen);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE who, CK_BYTE *pin, CK_ULONG len)
{
    (void)session, (void)who;
    look(pin, len);
    return CKR_OK;
}

static CK_RV create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
    (void)session;
    look_at_template(template, count);
    *object = 1;
    return CKR_OK;
}

static CK_RV get_values(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)session, (void)object;
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].pValue != NULL)
            memset(template[i].pValue, 'x', template[i].ulValueLen);
    return CKR_OK;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)session;
    look_at_template(template, count);
    return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count)
{
    (void)session;
    for (CK_ULONG i = 0; i < most; i++)
        objects[i] = i;
    *count = most + 1;
    return CKR_OK;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)key;
    look(mechanism->pParameter, mechanism->ulParameterLen);
    return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature, CK_ULONG *signature_len)
{
    (void)session;
    look(data, len);
    if (signature != NULL)
        memset(signature, 's', *signature_len);
    return CKR_OK;
}

static CK_RV unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by, CK_BYTE *wrapped,
                    CK_ULONG len, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    (void)by;
    (void)sign_init(session, mechanism, by);
    look(wrapped, len);
    return create(session, template, count, key);
}

static CK_FUNCTION_LIST list = {.C_Login = login,
                                .C_CreateObject = create,
                                .C_GetAttributeValue = get_values,
                                .C_FindObjectsInit = find_init,
                                .C_FindObjects = find,
                                .C_SignInit = sign_init,
                                .C_Sign = sign,
                                .C_UnwrapKey = unwrap};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct host host;
    static uint8_t answer[MESSAGE_MAX];
    struct writer w = {.data = answer, .capacity = sizeof answer};
    host.list = &list;
    uint8_t *request = malloc(size + 1);
    CHECK(request != NULL);
    memcpy(request, data, size);
    // Loading a library is for a file that is there: any path would be tried.
    if (size == 0 || data[0] != CALL_LOAD)
        host_serve(&host, span_of(request, size), &w);
    struct reader r = {.data = answer, .len = w.len};
    CHECK(w.len == 0 || (get_number(&r, ANSWER_KINDS - 1) < ANSWER_KINDS && !r.bad && w.len <= sizeof answer));
    free(request);
    return 0;
}
