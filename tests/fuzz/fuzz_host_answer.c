// The calls of hsm/remote, with a host that answers anything: nothing is read or written beyond its end, what is told
// as there came with the answer, and what is not whole is no success.
#include "fuzz.h"
#include "hsm/remote/calls.h"
#include "hsm/remote/exchange.h"
#include "hsm/remote/load.h"

enum { ROOM = 40, HANDLES = 16, UNTOUCHED = 0xa5 };

static struct span given;
static uint8_t message[MESSAGE_MAX], *copy;

// These take the place of the library's (-Wl,--wrap): they need no process.
struct writer __wrap_remote_begin(struct remote *c, enum call_number number);
CK_RV __wrap_remote_nonsense(struct remote *c);
CK_RV __wrap_remote_ask(struct remote *c, const struct writer *request, long long most_ms, struct reader *answer);
CK_RV __wrap_remote_send(struct remote *c, const struct writer *request);
CK_RV __wrap_remote_answer(struct remote *c, long long most_ms, struct reader *answer);
void __wrap_remote_end(struct remote *c);
long long __wrap_remote_patience(const struct remote *c, enum pace pace);
void __wrap_remote_at_pad(struct remote *c);

struct writer __wrap_remote_begin(struct remote *c, enum call_number number)
{
    (void)c;
    struct writer w = {.data = message, .capacity = sizeof message};
    put_number(&w, number);
    return w;
}

CK_RV __wrap_remote_nonsense(struct remote *c)
{
    (void)c;
    return CKR_HOST_NONSENSE;
}

CK_RV __wrap_remote_send(struct remote *c, const struct writer *request)
{
    (void)c;
    CHECK(!request->overflow);
    return CKR_OK;
}

CK_RV __wrap_remote_answer(struct remote *c, long long most_ms, struct reader *answer)
{
    (void)most_ms;
    // In the heap, and just as long: what is read beyond it is seen.
    copy = malloc(given.len + 1);
    CHECK(copy != NULL);
    if (given.len > 0)
        memcpy(copy, given.data, given.len);
    *answer = (struct reader){.data = copy, .len = given.len};
    const uint64_t kind = get_number(answer, ANSWER_KINDS - 1);
    const CK_RV rv = get_number(answer, UINT64_MAX);
    return answer->bad || kind == ANSWER_REFUSED ? __wrap_remote_nonsense(c) : rv;
}

CK_RV __wrap_remote_ask(struct remote *c, const struct writer *request, long long most_ms, struct reader *answer)
{
    (void)__wrap_remote_send(c, request);
    return __wrap_remote_answer(c, most_ms, answer);
}

void __wrap_remote_end(struct remote *c)
{
    (void)c;
    free(copy);
    copy = NULL;
}

void __wrap_remote_at_pad(struct remote *c)
{
    (void)c;
}

long long __wrap_remote_patience(const struct remote *c, enum pace pace)
{
    (void)c, (void)pace;
    return 0;
}

// Whether these bytes came with the answer.
static bool came(const void *bytes, size_t len)
{
    return len == 0 || memmem(given.data, given.len, bytes, len) != NULL;
}

static void *untouched(size_t len)
{
    void *room = malloc(len);
    CHECK(room != NULL);
    return memset(room, UNTOUCHED, len);
}

static void lists(void)
{
    CK_SLOT_ID *slots = untouched(HANDLES * sizeof *slots);
    CK_OBJECT_HANDLE *objects = untouched(HANDLES * sizeof *objects);
    CK_ULONG count = HANDLES;
    (void)call_get_slot_list(NULL, CK_TRUE, slots, &count);
    count = 0;
    (void)call_get_slot_list(NULL, CK_TRUE, NULL, &count);
    if (call_find_objects(NULL, 1, objects, HANDLES, &count) == CKR_OK && count <= HANDLES)
        CHECK(came(objects, count * sizeof *objects));
    free(slots);
    free(objects);
}

static void check_value(const CK_ATTRIBUTE *a)
{
    if (a->ulValueLen <= ROOM)
        CHECK(came(a->pValue, a->ulValueLen));
}

static void values(void)
{
    uint8_t *first = untouched(ROOM), *second = untouched(ROOM);
    CK_ATTRIBUTE template[] = {{CKA_ID, first, ROOM}, {CKA_LABEL, second, ROOM}, {CKA_MODULUS, NULL, 0}};
    if (call_get_attribute_value(NULL, 1, 1, template, 3) == CKR_OK) {
        check_value(&template[0]);
        check_value(&template[1]);
    }
    // The same room for two objects.
    CK_ATTRIBUTE of_two[] = {{CKA_ID, first, ROOM}, {CKA_ID, second, ROOM}};
    CK_ULONG done = 0;
    if (call_get_attribute_values(NULL, 1, (const CK_OBJECT_HANDLE[]){1, 2}, 2, of_two, 1, &done) == CKR_OK) {
        CHECK(done == 1 || done == 2);
        for (CK_ULONG i = 0; i < done; i++)
            check_value(&of_two[i]);
    }
    free(first);
    free(second);
}

static void signature(void)
{
    uint8_t *bytes = untouched(ROOM);
    CK_ULONG len = ROOM;
    if (call_sign(NULL, 1, (const uint8_t *)"x", 1, bytes, &len) == CKR_OK && len <= ROOM)
        CHECK(came(bytes, len));
    bool begun = false;
    const CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
    len = ROOM;
    if (call_sign_at_once(NULL, 1, &mechanism, 1, span_text("x"), bytes, &len, &begun) == CKR_OK && len <= ROOM)
        CHECK(begun && came(bytes, len));
    len = 0;
    (void)call_sign(NULL, 1, (const uint8_t *)"x", 1, NULL, &len);
    free(bytes);
}

static void descriptions(void)
{
    CK_INFO info;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    CK_MECHANISM_INFO mechanism;
    CK_SESSION_INFO session;
    (void)call_get_info(NULL, &info);
    (void)call_get_slot_info(NULL, 1, &slot);
    if (call_get_token_info(NULL, 1, &token) == CKR_OK)
        CHECK(came(&token, sizeof token));
    (void)call_get_mechanism_info(NULL, 1, CKM_RSA_PKCS, &mechanism);
    (void)call_get_session_info(NULL, 1, &session);
    bool threads = true;
    (void)call_initialize(NULL, "", &threads);
}

static void handles(void)
{
    CK_ULONG first, second;
    const CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN};
    if (call_open_session(NULL, 1, CKF_SERIAL_SESSION, &first) == CKR_OK)
        CHECK(came(&first, sizeof first));
    if (call_generate_key_pair(NULL, 1, &mechanism, NULL, 0, NULL, 0, &first, &second) == CKR_OK)
        CHECK(came(&first, sizeof first) && came(&second, sizeof second));
}

static void loading(void)
{
    enum load_stage stage;
    char *told = untouched(PATH_BYTES_MAX + 1);
    call_load_begin(NULL, "module");
    (void)call_load_end(NULL, &stage, told);
    CHECK(stage < LOAD_STAGES && memchr(told, 0, PATH_BYTES_MAX + 1) != NULL && came(told, strlen(told)));
    free(told);
}

// Of these the CK_RV is all.
static void nothing_but_the_result(void)
{
    // What has more than that is no success of theirs.
    const bool long_enough = given.len == 2 * sizeof(uint64_t);
    CHECK(call_login(NULL, 1, CKU_USER, NULL, 0) != CKR_OK || long_enough);
    CHECK(call_sign_init(NULL, 1, &(CK_MECHANISM){.mechanism = CKM_SHA256_RSA_PKCS}, 1) != CKR_OK || long_enough);
    CHECK(call_destroy_object(NULL, 1, 1) != CKR_OK || long_enough);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    given = span_of(data, size);
    lists();
    values();
    signature();
    descriptions();
    handles();
    loading();
    nothing_but_the_result();
    return 0;
}
