// The calls of hsm/remote, with a host that answers anything: nothing is read or written beyond its end, and what is
// not whole is no success.
#include "fuzz.h"
#include "hsm/remote/calls.h"

enum { ROOM = 40, HANDLES = 16 };

static struct span given;
static uint8_t message[MESSAGE_MAX], *copy;
static bool nonsense;

// These take the place of the library's.
struct writer remote_begin(struct remote *c, enum call_number number)
{
    (void)c;
    struct writer w = {.data = message, .capacity = sizeof message};
    put_number(&w, number);
    return w;
}

CK_RV remote_nonsense(struct remote *c)
{
    (void)c;
    nonsense = true;
    return CKR_HOST_NONSENSE;
}

CK_RV remote_ask(struct remote *c, struct writer *request, long long most_ms, struct reader *answer)
{
    (void)most_ms;
    CHECK(!request->overflow);
    // In the heap, and just as long: what is read beyond it is seen.
    copy = malloc(given.len + 1);
    CHECK(copy != NULL);
    memcpy(copy, given.data, given.len);
    *answer = (struct reader){.data = copy, .len = given.len};
    const uint64_t kind = get_number(answer, ANSWER_KINDS - 1);
    const CK_RV rv = get_number(answer, UINT64_MAX);
    return answer->bad || kind == ANSWER_REFUSED ? remote_nonsense(c) : rv;
}

void remote_end(struct remote *c)
{
    (void)c;
    free(copy);
    copy = NULL;
}

long long remote_patience(const struct remote *c)
{
    (void)c;
    return 0;
}

static void lists(void)
{
    CK_SLOT_ID *slots = calloc(HANDLES, sizeof *slots);
    CK_OBJECT_HANDLE *objects = calloc(HANDLES, sizeof *objects);
    CK_ULONG count = HANDLES;
    CHECK(slots != NULL && objects != NULL);
    (void)call_get_slot_list(NULL, CK_TRUE, slots, &count);
    (void)call_find_objects(NULL, 1, objects, HANDLES, &count);
    free(slots);
    free(objects);
}

static void values(void)
{
    uint8_t *first = calloc(1, ROOM), *second = calloc(1, ROOM);
    CHECK(first != NULL && second != NULL);
    CK_ATTRIBUTE template[] = {{CKA_ID, first, ROOM}, {CKA_LABEL, second, ROOM}, {CKA_MODULUS, NULL, 0}};
    const CK_RV rv = call_get_attribute_value(NULL, 1, 1, template, 3);
    for (size_t i = 0; rv == CKR_OK && i < 2; i++)
        CHECK(template[i].ulValueLen <= ROOM || template[i].ulValueLen == CK_UNAVAILABLE_INFORMATION ||
              template[i].ulValueLen > ROOM);
    free(first);
    free(second);
}

static void signature(void)
{
    uint8_t *bytes = calloc(1, ROOM);
    CK_ULONG len = ROOM;
    CHECK(bytes != NULL);
    if (call_sign(NULL, 1, (const uint8_t *)"x", 1, bytes, &len) == CKR_OK)
        CHECK(len <= ROOM);
    free(bytes);
}

static void descriptions(void)
{
    CK_INFO info;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    CK_MECHANISM_INFO mechanism;
    CK_SESSION_INFO session;
    CK_SESSION_HANDLE handle;
    enum load_stage stage;
    char told[PATH_BYTES_MAX + 1];
    (void)call_get_info(NULL, &info);
    (void)call_get_slot_info(NULL, 1, &slot);
    (void)call_get_token_info(NULL, 1, &token);
    (void)call_get_mechanism_info(NULL, 1, CKM_RSA_PKCS, &mechanism);
    (void)call_get_session_info(NULL, 1, &session);
    (void)call_open_session(NULL, 1, CKF_SERIAL_SESSION, &handle);
    (void)call_load(NULL, "module", &stage, told);
    CHECK(stage < LOAD_STAGES && strlen(told) <= PATH_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    given = span_of(data, size);
    lists();
    values();
    signature();
    descriptions();
    return 0;
}
