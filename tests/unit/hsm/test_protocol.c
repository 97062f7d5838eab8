// Templates and mechanisms in messages, and the host's answers to requests that make no sense.
#include "core/unit.h"

#include <string.h>

#include "hsm/host/protocol.h"
#include "hsm/host/serve.h"

#define RSA_AES 0x1054UL

static uint8_t memory[MESSAGE_MAX] __attribute__((aligned(8)));

static struct writer writer_new(void)
{
    memset(memory, 0, sizeof memory);
    return (struct writer){.data = memory, .capacity = sizeof memory};
}

static struct reader reader_of(const struct writer *w)
{
    return (struct reader){.data = w->data, .len = w->len};
}

static void a_template_comes_through(void **state)
{
    (void)state;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    const CK_ATTRIBUTE sent[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, (void *)"name", 4}, {CKA_ID, NULL, 0}};
    CK_ATTRIBUTE got[HOST_ATTRIBUTES_MAX];
    struct writer w = writer_new();
    put_template(&w, sent, 3);
    struct reader r = reader_of(&w);
    assert_int_equal(get_template(&r, got), 3);
    assert_true(reader_is_done(&r));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got[i].type, sent[i].type);
        assert_int_equal(got[i].ulValueLen, sent[i].ulValueLen);
        if (sent[i].ulValueLen > 0)
            assert_memory_equal(got[i].pValue, sent[i].pValue, sent[i].ulValueLen);
    }
}

static void a_template_that_is_too_much_is_not_sent(void **state)
{
    (void)state;
    CK_ATTRIBUTE many[HOST_ATTRIBUTES_MAX + 1];
    for (size_t i = 0; i <= HOST_ATTRIBUTES_MAX; i++)
        many[i] = (CK_ATTRIBUTE){CKA_LABEL, NULL, 0};
    struct writer w = writer_new();
    put_template(&w, many, HOST_ATTRIBUTES_MAX);
    assert_false(w.overflow);
    w = writer_new();
    put_template(&w, many, HOST_ATTRIBUTES_MAX + 1);
    assert_true(w.overflow);
    static uint8_t value[VALUE_MAX + 1];
    w = writer_new();
    put_template(&w, &(CK_ATTRIBUTE){CKA_VALUE, value, VALUE_MAX}, 1);
    assert_false(w.overflow);
    w = writer_new();
    put_template(&w, &(CK_ATTRIBUTE){CKA_VALUE, value, VALUE_MAX + 1}, 1);
    assert_true(w.overflow);
    // Its value would be a template with pointers.
    w = writer_new();
    put_template(&w, &(CK_ATTRIBUTE){CKA_UNWRAP_TEMPLATE, value, sizeof(CK_ATTRIBUTE)}, 1);
    assert_true(w.overflow);
}

static void refused_template(uint64_t count, uint64_t type, uint64_t len)
{
    CK_ATTRIBUTE got[HOST_ATTRIBUTES_MAX];
    struct writer w = writer_new();
    put_number(&w, count);
    put_number(&w, type);
    put_number(&w, len);
    put_number(&w, 0);
    struct reader r = reader_of(&w);
    assert_int_equal(get_template(&r, got), 0);
    assert_true(r.bad);
}

static void a_template_that_lies_is_none(void **state)
{
    (void)state;
    refused_template(2, CKA_LABEL, 8);
    refused_template(HOST_ATTRIBUTES_MAX + 1, CKA_LABEL, 8);
    refused_template(UINT64_MAX, CKA_LABEL, 8);
    refused_template(1, CKA_LABEL, 9);
    refused_template(1, CKA_LABEL, VALUE_MAX + 1);
    refused_template(1, CKA_LABEL, UINT64_MAX);
    refused_template(1, CKA_UNWRAP_TEMPLATE, 8);
    refused_template(1, CKA_VENDOR_DEFINED | 1, 8);
}

static void sends(const CK_MECHANISM *sent, struct mechanism_room *got)
{
    struct writer w = writer_new();
    assert_true(put_mechanism(&w, sent));
    struct reader r = reader_of(&w);
    assert_true(get_mechanism(&r, got));
    assert_true(reader_is_done(&r));
    assert_int_equal(got->mechanism.mechanism, sent->mechanism);
    assert_int_equal(got->mechanism.ulParameterLen, sent->ulParameterLen);
}

static void mechanisms_come_through(void **state)
{
    (void)state;
    struct mechanism_room got;
    CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    union mechanism_parameter rsa_aes = {.rsa_aes = {256, &oaep}};
    uint8_t initial[4] = {0xa6, 0x59, 0x59, 0xa6};
    sends(&(CK_MECHANISM){.mechanism = CKM_SHA256_RSA_PKCS}, &got);
    assert_null(got.mechanism.pParameter);
    sends(&(CK_MECHANISM){CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep}, &got);
    assert_memory_equal(got.mechanism.pParameter, &oaep, sizeof oaep);
    sends(&(CK_MECHANISM){RSA_AES, &rsa_aes, sizeof rsa_aes.rsa_aes}, &got);
    assert_int_equal(got.parameter.rsa_aes.bits, 256);
    assert_memory_equal(got.parameter.rsa_aes.oaep, &oaep, sizeof oaep);
    sends(&(CK_MECHANISM){CKM_AES_KEY_WRAP_PAD, initial, sizeof initial}, &got);
    assert_memory_equal(got.mechanism.pParameter, initial, sizeof initial);
    sends(&(CK_MECHANISM){CKM_AES_KEY_WRAP_PAD, NULL, 0}, &got);
    assert_null(got.mechanism.pParameter);
}

static void others_do_not(void **state)
{
    (void)state;
    uint8_t parameter[SMALL_VALUE_MAX + 1] = {0};
    struct mechanism_room got;
    struct writer w = writer_new();
    assert_false(put_mechanism(&w, &(CK_MECHANISM){.mechanism = CKM_AES_CBC}));
    assert_false(put_mechanism(&w, &(CK_MECHANISM){CKM_SHA256_RSA_PKCS, parameter, 1}));
    assert_false(put_mechanism(&w, &(CK_MECHANISM){CKM_AES_KEY_WRAP_PAD, parameter, sizeof parameter}));
    w = writer_new();
    put_number(&w, CKM_AES_CBC);
    struct reader r = reader_of(&w);
    assert_false(get_mechanism(&r, &got));
    assert_false(reader_is_done(&r));
}

// ---- the host's side ----

static CK_RV give_values(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)session, (void)object;
    for (CK_ULONG i = 0; i < count; i++) {
        assert_int_equal((uintptr_t) template[i].pValue % _Alignof(CK_ULONG), 0);
        memset(template[i].pValue, 's', template[i].ulValueLen);
    }
    return CKR_OK;
}

static struct host host;
static uint8_t answered[MESSAGE_MAX];

static enum answer_kind asks(CK_FUNCTION_LIST *list, const struct writer *request, CK_RV *rv, size_t *len)
{
    struct writer w = {.data = answered, .capacity = sizeof answered};
    host.list = list;
    host_serve(&host, span_of(request->data, request->len), &w);
    // As the host does it after each call.
    memset(host.scratch, 0, host.used);
    struct reader r = reader_of(&w);
    const enum answer_kind kind = (enum answer_kind)get_number(&r, ANSWER_KINDS - 1);
    *rv = get_number(&r, UINT64_MAX);
    assert_false(r.bad);
    *len = w.len;
    return kind;
}

static void a_request_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    CK_FUNCTION_LIST list = {0};
    CK_RV rv = 0;
    size_t len = 0;
    struct writer w = writer_new();
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_REFUSED);
    put_number(&w, CALL_COUNT);
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_REFUSED);
    // Before a module is loaded, no function is called.
    w = writer_new();
    put_number(&w, CALL_GET_INFO);
    assert_int_equal(asks(NULL, &w, &rv, &len), ANSWER_REFUSED);
    // A second one is not loaded.
    w = writer_new();
    put_number(&w, CALL_LOAD);
    put_bytes(&w, span_text("/another"));
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_REFUSED);
    w = writer_new();
    put_number(&w, CALL_FIND_OBJECTS);
    put_number(&w, 1);
    put_number(&w, HOST_OBJECTS_MAX + 1);
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_REFUSED);
}

static void a_function_that_is_not_there_is_said(void **state)
{
    (void)state;
    CK_FUNCTION_LIST list = {0};
    CK_RV rv = 0;
    size_t len = 0;
    struct writer w = writer_new();
    put_number(&w, CALL_LOGOUT);
    put_number(&w, 1);
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_LACKS);
    assert_int_equal(rv, CKR_FUNCTION_NOT_SUPPORTED);
}

// Many values, each within its bounds, together more than a message.
static void an_answer_that_does_not_fit_leaves_nothing_behind(void **state)
{
    (void)state;
    CK_FUNCTION_LIST list = {.C_GetAttributeValue = give_values};
    CK_RV rv = 0;
    size_t len = 0;
    struct writer w = writer_new();
    put_number(&w, CALL_GET_ATTRIBUTE_VALUE);
    put_number(&w, 1);
    put_number(&w, 1);
    put_number(&w, 4);
    for (size_t i = 0; i < 4; i++) {
        put_number(&w, CKA_VALUE);
        put_number(&w, 1);
        put_number(&w, VALUE_MAX);
        put_bytes(&w, span_of(NULL, 0));
    }
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_REFUSED);
    assert_int_equal(len, 2 * sizeof(uint64_t));
    for (size_t i = len; i < sizeof answered; i++)
        assert_int_equal(answered[i], 0);
}

// One value for each object, whose length the object's number is. What an object does not write is zero.
static CK_RV give_numbered(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)session;
    assert_int_equal(count, 1);
    for (CK_ULONG i = 0; i < template->ulValueLen; i++)
        assert_int_equal(((uint8_t *)template->pValue)[i], 0);
    memset(template->pValue, (int)object, template->ulValueLen);
    if (object == 9)
        return CKR_DEVICE_REMOVED;
    template->ulValueLen = object;
    return CKR_OK;
}

static size_t asks_many(const CK_OBJECT_HANDLE *objects, size_t count, CK_ULONG room, CK_RV expected)
{
    CK_FUNCTION_LIST list = {.C_GetAttributeValue = give_numbered};
    CK_RV rv = 0;
    size_t len = 0, told = 0;
    struct writer w = writer_new();
    put_number(&w, CALL_GET_ATTRIBUTE_VALUES);
    put_number(&w, 1);
    put_bytes(&w, span_of(objects, count * sizeof *objects));
    put_number(&w, 1);
    put_number(&w, CKA_LABEL);
    put_number(&w, 1);
    put_number(&w, room);
    put_bytes(&w, span_of(NULL, 0));
    assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_MADE);
    assert_int_equal(rv, expected);
    struct reader r = {.data = answered, .len = len, .at = 2 * sizeof(uint64_t)};
    for (; r.at < r.len; told++) {
        const bool failed = objects[told] == 9;
        assert_int_equal(get_number(&r, UINT64_MAX), failed ? room : objects[told]);
        const struct span value = get_bytes(&r, room);
        for (size_t i = 0; i < value.len; i++)
            assert_int_equal(value.data[i], (uint8_t)objects[told]);
    }
    assert_true(reader_is_done(&r));
    return told;
}

static void many_objects_are_told_of_up_to_the_first_that_fails(void **state)
{
    static const CK_OBJECT_HANDLE good[] = {3, 1, 5}, with_bad[] = {3, 1, 9, 5};
    static CK_OBJECT_HANDLE many[40];
    (void)state;
    assert_int_equal(asks_many(good, 3, 64, CKR_OK), 3);
    assert_int_equal(asks_many(with_bad, 4, 64, CKR_DEVICE_REMOVED), 3);
    // As many as an answer has room for, were they as long as they may be.
    for (size_t i = 0; i < 40; i++)
        many[i] = 16000 + i;
    assert_int_equal(asks_many(many, 3, VALUE_MAX, CKR_OK), 3);
    assert_int_equal(asks_many(many, 40, VALUE_MAX, CKR_OK), 4);
}

static void no_object_is_no_request(void **state)
{
    CK_FUNCTION_LIST list = {.C_GetAttributeValue = give_numbered};
    CK_RV rv = 0;
    size_t len = 0;
    (void)state;
    for (size_t bytes = 0; bytes < sizeof(CK_OBJECT_HANDLE); bytes += 4) {
        struct writer w = writer_new();
        put_number(&w, CALL_GET_ATTRIBUTE_VALUES);
        put_number(&w, 1);
        put_bytes(&w, span_of("1234", bytes));
        put_number(&w, 0);
        assert_int_equal(asks(&list, &w, &rv, &len), ANSWER_REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_comes_through),
        cmocka_unit_test(a_template_that_is_too_much_is_not_sent),
        cmocka_unit_test(a_template_that_lies_is_none),
        cmocka_unit_test(mechanisms_come_through),
        cmocka_unit_test(others_do_not),
        cmocka_unit_test(a_request_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_function_that_is_not_there_is_said),
        cmocka_unit_test(an_answer_that_does_not_fit_leaves_nothing_behind),
        cmocka_unit_test(many_objects_are_told_of_up_to_the_first_that_fails),
        cmocka_unit_test(no_object_is_no_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
