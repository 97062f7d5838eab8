// What the host lets several threads do: only where the module lets them call it, and only what a signature needs.
#include "core/unit.h"

#include <string.h>

#include "hsm/host/serve.h"

static CK_RV given;      // by C_Initialize, where it is asked to lock
static unsigned locking; // how often it was asked to
static unsigned without; // and how often not
static CK_RV init_rv, sign_rv;
static unsigned signs;

static CK_RV initialize(void *arguments)
{
    const CK_C_INITIALIZE_ARGS *a = arguments;
    const bool locks = a != NULL && (a->flags & CKF_OS_LOCKING_OK) != 0;
    locking += locks;
    without += !locks;
    assert_true(a == NULL || a->pReserved == NULL || strcmp(a->pReserved, "text") == 0);
    return locks ? given : CKR_OK;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    assert_int_equal(session, 5);
    assert_int_equal(mechanism->mechanism, CKM_RSA_PKCS);
    assert_int_equal(key, 6);
    return init_rv;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature, CK_ULONG *signature_len)
{
    assert_int_equal(session, 5);
    assert_memory_equal(data, "data", len);
    signs++;
    memset(signature, 's', *signature_len);
    return sign_rv;
}

static CK_FUNCTION_LIST list = {.C_Initialize = initialize, .C_SignInit = sign_init, .C_Sign = sign};
static struct host host;
static uint8_t asked[MESSAGE_MAX], answered[MESSAGE_MAX];
static struct writer request;
static struct reader answer;

static CK_RV start_lane(struct host *first);

static void begin_host(int passed)
{
    memset(&host, 0, sizeof host);
    host.list = &list;
    host.passed = passed;
    host.start_lane = start_lane;
}

static void ask(enum call_number number)
{
    request = (struct writer){.data = asked, .capacity = sizeof asked};
    put_number(&request, number);
}

static enum answer_kind serve(CK_RV *rv)
{
    struct writer w = {.data = answered, .capacity = sizeof answered};
    host_serve(&host, span_of(request.data, request.len), &w);
    answer = (struct reader){.data = w.data, .len = w.len};
    const enum answer_kind kind = (enum answer_kind)get_number(&answer, ANSWER_KINDS - 1);
    *rv = get_number(&answer, UINT64_MAX);
    return kind;
}

// Whether several threads may call it then.
static bool initialised(const char *reserved, bool several, CK_RV answer_to_locks)
{
    CK_RV rv = CKR_GENERAL_ERROR;
    begin_host(-1);
    given = answer_to_locks;
    locking = without = 0;
    ask(CALL_INITIALIZE);
    put_bytes(&request, span_text(reserved));
    put_number(&request, several);
    assert_int_equal(serve(&rv), ANSWER_MADE);
    assert_int_equal(rv, without > 0 ? CKR_OK : given);
    const bool locks = get_number(&answer, 1) != 0;
    assert_true(reader_is_done(&answer));
    assert_int_equal(locks, host.locks);
    return locks;
}

static void a_module_is_asked_to_lock_where_several_threads_will_call_it(void **state)
{
    (void)state;
    assert_false(initialised("", false, CKR_OK));
    assert_int_equal(locking, 0);
    assert_true(initialised("", true, CKR_OK));
    assert_int_equal(without, 0);
    assert_true(initialised("text", true, CKR_OK));
    // What p11-kit's configuration says goes there with the locks, as it always did.
    assert_false(initialised("text", false, CKR_OK));
    assert_int_equal(locking, 1);
}

static void one_that_cannot_is_called_by_one_thread(void **state)
{
    (void)state;
    static const CK_RV answers[] = {CKR_CANT_LOCK, CKR_ARGUMENTS_BAD, CKR_NEED_TO_CREATE_THREADS};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        for (unsigned reserved = 0; reserved < 2; reserved++) {
            assert_false(initialised(reserved ? "text" : "", true, answers[i]));
            assert_int_equal(locking, 1);
            assert_int_equal(without, 1);
        }
    // Another failure is one.
    assert_false(initialised("", true, CKR_DEVICE_ERROR));
    assert_int_equal(without, 0);
}

static unsigned started;

static CK_RV start_lane(struct host *first)
{
    started++;
    first->passed = -1;
    return CKR_OK;
}

static void a_lane_needs_a_module_that_locks_and_a_connection(void **state)
{
    (void)state;
    CK_RV rv = 0;
    begin_host(9);
    ask(CALL_OPEN_LANE);
    assert_int_equal(serve(&rv), ANSWER_MADE);
    assert_int_equal(rv, CKR_CANT_LOCK);
    host.locks = true;
    host.passed = -1;
    assert_int_equal(serve(&rv), ANSWER_REFUSED);
    host.passed = 9;
    assert_int_equal(started, 0);
    assert_int_equal(serve(&rv), ANSWER_MADE);
    assert_int_equal(rv, CKR_OK);
    assert_int_equal(started, 1);
}

static void a_lane_serves_only_what_a_signature_needs(void **state)
{
    (void)state;
    static const enum call_number all[] = {
        CALL_OPEN_SESSION,       CALL_CLOSE_SESSION, CALL_FIND_OBJECTS_INIT,   CALL_FIND_OBJECTS,
        CALL_FIND_OBJECTS_FINAL, CALL_SIGN_INIT,     CALL_GET_ATTRIBUTE_VALUE, CALL_SIGN,
        CALL_SIGN_AT_ONCE};
    CK_RV rv = 0;
    for (unsigned number = 0; number < CALL_COUNT; number++) {
        bool is_served = false;
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            is_served = is_served || all[i] == number;
        begin_host(9);
        host.is_lane = host.locks = true;
        // Enough for the calls with nothing but numbers.
        ask((enum call_number)number);
        if (number != CALL_OPEN_LANE && number != CALL_FINALIZE)
            put_number(&request, 1);
        const enum answer_kind kind = serve(&rv);
        if (number == CALL_CLOSE_SESSION || number == CALL_FIND_OBJECTS_FINAL)
            assert_int_equal(kind, ANSWER_LACKS);
        else if (!is_served)
            assert_int_equal(kind, ANSWER_REFUSED);
        assert_false(host.finalised);
    }
}

static void ask_to_sign(void)
{
    static const CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
    begin_host(-1);
    ask(CALL_SIGN_AT_ONCE);
    put_number(&request, 5);
    assert_true(put_mechanism(&request, &mechanism));
    put_number(&request, 6);
    put_bytes(&request, span_text("data"));
    put_number(&request, 8);
}

static void a_signature_is_begun_and_made_at_once(void **state)
{
    (void)state;
    CK_RV rv = 0;
    init_rv = sign_rv = CKR_OK;
    ask_to_sign();
    assert_int_equal(serve(&rv), ANSWER_MADE);
    assert_int_equal(rv, CKR_OK);
    assert_int_equal(get_number(&answer, 1), 1);
    assert_int_equal(get_number(&answer, UINT64_MAX), 8);
    const struct span signature = get_bytes(&answer, 8);
    assert_int_equal(signature.len, 8);
    assert_memory_equal(signature.data, "ssssssss", 8);
    assert_true(reader_is_done(&answer));
}

static void one_that_cannot_be_begun_is_not_made(void **state)
{
    (void)state;
    CK_RV rv = 0;
    init_rv = CKR_KEY_HANDLE_INVALID;
    signs = 0;
    ask_to_sign();
    assert_int_equal(serve(&rv), ANSWER_MADE);
    assert_int_equal(rv, CKR_KEY_HANDLE_INVALID);
    assert_int_equal(get_number(&answer, 1), 0);
    assert_int_equal(signs, 0);
    init_rv = CKR_OK;
    sign_rv = CKR_DEVICE_REMOVED;
    ask_to_sign();
    assert_int_equal(serve(&rv), ANSWER_MADE);
    assert_int_equal(rv, CKR_DEVICE_REMOVED);
    assert_int_equal(get_number(&answer, 1), 1);
    // Nothing of what the module left is told, and all of it is wiped: so much it was given.
    (void)get_number(&answer, UINT64_MAX);
    assert_int_equal(get_bytes(&answer, 8).len, 0);
    assert_int_equal(host.used, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_is_asked_to_lock_where_several_threads_will_call_it),
        cmocka_unit_test(one_that_cannot_is_called_by_one_thread),
        cmocka_unit_test(a_lane_needs_a_module_that_locks_and_a_connection),
        cmocka_unit_test(a_lane_serves_only_what_a_signature_needs),
        cmocka_unit_test(a_signature_is_begun_and_made_at_once),
        cmocka_unit_test(one_that_cannot_be_begun_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
