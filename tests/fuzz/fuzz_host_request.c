// The host's side, asked for anything: every request gets an answer that can be read, and the module is given only what
// lies within the request and the host's own room, numbers where they are aligned.
#include "fuzz.h"
#include "hsm/host/serve.h"

static volatile unsigned seen;
static struct host host;
static size_t lie; // which one the module tells

// Reads all of it: what lies outside is found by the address sanitizer.
static void look(const void *bytes, CK_ULONG len)
{
    const uint8_t *at = bytes;
    for (CK_ULONG i = 0; at != NULL && i < len; i++)
        seen += at[i];
}

static void look_at_template(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        look(template[i].pValue, template[i].ulValueLen);
        CHECK((uintptr_t) template[i].pValue % _Alignof(CK_ULONG) == 0);
    }
}

static void look_at_mechanism(const CK_MECHANISM *mechanism)
{
    look(mechanism->pParameter, mechanism->ulParameterLen);
    if (mechanism->mechanism == CKM_RSA_PKCS_OAEP) {
        const CK_RSA_PKCS_OAEP_PARAMS *oaep = mechanism->pParameter;
        look(oaep->pSourceData, oaep->ulSourceDataLen);
    }
}

// A length that may be more than there is.
static CK_ULONG told(CK_ULONG room)
{
    const CK_ULONG lengths[] = {room, 0, room + 1, CK_UNAVAILABLE_INFORMATION, room / 2};
    return lengths[lie % (sizeof lengths / sizeof lengths[0])];
}

static CK_RV initialize(void *arguments)
{
    const CK_C_INITIALIZE_ARGS *a = arguments;
    // Whatever the answer, a lane never gets here.
    CHECK(!host.is_lane);
    if (a != NULL && a->pReserved != NULL)
        look(a->pReserved, strlen(a->pReserved));
    return lie % 2 == 0 ? CKR_OK : CKR_CANT_LOCK;
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    return CKR_OK;
}

static CK_RV slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    (void)present;
    for (CK_ULONG i = 0; slots != NULL && i < *count; i++)
        slots[i] = i;
    *count = told(*count);
    return CKR_OK;
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    memset(info, (int)(slot & 0xff), sizeof *info);
    return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
{
    (void)session, (void)user;
    CHECK(!host.is_lane);
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
    look_at_template(template, count);
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].pValue != NULL)
            memset(template[i].pValue, 'x', template[i].ulValueLen);
        template[i].ulValueLen = told(template[i].ulValueLen);
    }
    return CKR_OK;
}

static CK_RV set_values(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)session, (void)object;
    look_at_template(template, count);
    return CKR_OK;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    return set_values(session, 0, template, count);
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count)
{
    (void)session;
    for (CK_ULONG i = 0; i < most; i++)
        objects[i] = i;
    *count = told(most);
    return CKR_OK;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)key;
    look_at_mechanism(mechanism);
    return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature, CK_ULONG *signature_len)
{
    (void)session;
    look(data, len);
    if (signature != NULL)
        memset(signature, 's', *signature_len);
    *signature_len = told(*signature_len);
    return CKR_OK;
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public, CK_ULONG public_count,
                      CK_ATTRIBUTE *private, CK_ULONG private_count, CK_OBJECT_HANDLE *first, CK_OBJECT_HANDLE *second)
{
    look_at_mechanism(mechanism);
    (void)create(session, private, private_count, second);
    return create(session, public, public_count, first);
}

static CK_RV unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by, CK_BYTE *wrapped,
                    CK_ULONG len, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    (void)by;
    look_at_mechanism(mechanism);
    look(wrapped, len);
    return create(session, template, count, key);
}

static CK_RV start_lane(struct host *first)
{
    CHECK(first->locks && !first->is_lane && first->passed >= 0);
    return lie % 2 == 0 ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_FUNCTION_LIST list = {.C_Initialize = initialize,
                                .C_Finalize = finalize,
                                .C_GetSlotList = slot_list,
                                .C_GetTokenInfo = token_info,
                                .C_Login = login,
                                .C_CreateObject = create,
                                .C_GetAttributeValue = get_values,
                                .C_SetAttributeValue = set_values,
                                .C_FindObjectsInit = find_init,
                                .C_FindObjects = find,
                                .C_SignInit = sign_init,
                                .C_Sign = sign,
                                .C_GenerateKeyPair = generate,
                                .C_UnwrapKey = unwrap};

// Every list of bytes in it is within it.
static void check_answer(const struct writer *w)
{
    struct reader r = {.data = w->data, .len = w->len};
    CHECK(!w->overflow && w->len >= 2 * sizeof(uint64_t) && w->len <= MESSAGE_MAX);
    const uint64_t kind = get_number(&r, ANSWER_KINDS - 1);
    (void)get_number(&r, UINT64_MAX);
    CHECK(!r.bad && (kind != ANSWER_REFUSED || reader_is_done(&r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t answer[MESSAGE_MAX];
    struct writer w = {.data = answer, .capacity = sizeof answer};
    host.list = &list;
    lie = size == 0 ? 0 : data[size - 1];
    host.is_lane = lie % 5 == 0;
    host.locks = lie % 3 == 0;
    host.passed = lie % 7 == 0 ? -1 : 0;
    host.start_lane = start_lane;
    // In the heap, and just as long. A module that is loaded is loaded once: no path is tried.
    uint8_t *request = malloc(size + 1);
    CHECK(request != NULL);
    if (size > 0)
        memcpy(request, data, size);
    host_serve(&host, span_of(request, size), &w);
    check_answer(&w);
    free(request);
    return 0;
}
