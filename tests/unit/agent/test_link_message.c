// Messages between agent and signer: what was written is read again, and what is cut, too long or disguised is refused.
#include "core/unit.h"

#include <string.h>

#include "agent/link/message.h"

static uint8_t memory[LINK_MESSAGE_MAX] __attribute__((aligned(8)));

static struct writer writer(void)
{
    return (struct writer){.data = memory, .capacity = sizeof memory};
}

static struct reader reader_of(const struct writer *w)
{
    return (struct reader){.data = w->data, .len = w->len};
}

static void a_request_is_read_again(void **state)
{
    (void)state;
    const struct link_request sent = {.number = UINT64_MAX,
                                      .call = LINK_ASSERTION,
                                      .scope = "data:read data:write",
                                      .lifetime = 300,
                                      .not_before = true};
    struct link_request got;
    struct writer w = writer();
    link_put_request(&w, &sent);
    assert_false(w.overflow);
    struct reader r = reader_of(&w);
    assert_true(link_get_request(&r, &got));
    assert_true(got.number == UINT64_MAX);
    assert_int_equal(got.call, LINK_ASSERTION);
    assert_string_equal(got.scope, sent.scope);
    assert_int_equal(got.lifetime, 300);
    assert_true(got.not_before);
}

// Each shorter message, and a longer one.
static void a_request_of_another_length_is_refused(void **state)
{
    (void)state;
    const struct link_request sent = {.call = LINK_ASSERTION, .scope = "data:read"};
    struct link_request got;
    struct writer w = writer();
    link_put_request(&w, &sent);
    const size_t whole = w.len;
    put_number(&w, 0);
    for (size_t len = 0; len <= w.len; len++) {
        struct reader r = {.data = memory, .len = len};
        assert_int_equal(link_get_request(&r, &got), len == whole);
    }
}

static bool takes_request(uint64_t call, struct span scope, uint64_t lifetime, uint64_t not_before)
{
    struct link_request got;
    struct writer w = writer();
    put_number(&w, 1);
    put_number(&w, call);
    put_bytes(&w, scope);
    put_number(&w, lifetime);
    put_number(&w, not_before);
    struct reader r = reader_of(&w);
    return link_get_request(&r, &got);
}

static void a_request_with_what_nobody_means_is_refused(void **state)
{
    (void)state;
    static char longest[LINK_SCOPE_MAX];
    memset(longest, 'x', sizeof longest);
    assert_true(takes_request(0, span_text(""), 0, 0));
    assert_true(takes_request(LINK_CALLS - 1, span_of(longest, LINK_SCOPE_MAX - 1), UINT32_MAX, 1));
    assert_false(takes_request(LINK_CALLS, span_text(""), 0, 0));
    assert_false(takes_request(UINT64_MAX, span_text(""), 0, 0));
    assert_false(takes_request(0, span_of(longest, LINK_SCOPE_MAX), 0, 0));
    assert_false(takes_request(0, span_of("a\0b", 3), 0, 0));
    assert_false(takes_request(0, span_text("a\x1b[2J"), 0, 0));
    assert_false(takes_request(0, span_text(""), UINT32_MAX + 1ULL, 0));
    assert_false(takes_request(0, span_text(""), 0, 2));
}

static struct link_status status(void)
{
    return (struct link_status){.state = SIGNER_LOST,
                                .by_person = true,
                                .label = "work",
                                .serial = "1234",
                                .client_id = "client",
                                .account = "account",
                                .key_id = "key",
                                .logins = 3,
                                .signatures = UINT64_MAX};
}

static void assert_same_status(const struct link_status *a, const struct link_status *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->by_person, b->by_person);
    assert_string_equal(a->label, b->label);
    assert_string_equal(a->serial, b->serial);
    assert_string_equal(a->client_id, b->client_id);
    assert_string_equal(a->account, b->account);
    assert_string_equal(a->key_id, b->key_id);
    assert_int_equal(a->logins, b->logins);
    assert_int_equal(a->signatures, b->signatures);
}

static void a_failure_is_read_again(void **state)
{
    (void)state;
    struct ssa_error err;
    struct link_answer sent = {.number = UINT64_MAX, .status = status()};
    LINK_ANSWER_AUTO got = {0};
    error_set(&sent.err, SSA_PIN, "CKR_PIN_INCORRECT", "work", "the PIN is wrong: %d", 1);
    error_reason(&sent.err, SSA_REASON_AGENT_LOCKED, "detail");
    error_hint(&sent.err, "do this");
    error_number(&sent.err, SSA_DOMAIN_PKCS11, 0xa0);
    struct writer w = writer();
    link_put_answer(&w, &sent);
    struct reader r = reader_of(&w);
    SUCCEEDS(link_get_answer(&r, &got, &err));
    assert_true(got.number == UINT64_MAX);
    assert_int_equal(got.stage, LINK_ANSWERED);
    assert_false(got.done);
    assert_memory_equal(&got.err, &sent.err, sizeof got.err);
    assert_same_status(&got.status, &sent.status);
    assert_int_equal(got.text.len, 0);
}

static void a_text_is_read_again(void **state)
{
    (void)state;
    struct ssa_error err;
    LINK_ANSWER_AUTO sent = {.done = true, .status = status()};
    LINK_ANSWER_AUTO got = {0};
    unit_secret(&sent.text, 64, span_text("an assertion"));
    struct writer w = writer();
    link_put_answer(&w, &sent);
    const size_t whole = w.len;
    put_number(&w, 0);
    for (size_t len = 0; len <= w.len; len++) {
        struct reader r = {.data = memory, .len = len};
        link_answer_free(&got);
        assert_int_equal(link_get_answer(&r, &got, &err), len == whole);
        if (len == whole)
            assert_string_equal(secret_text(&got.text), "an assertion");
    }
}

static void a_stage_is_all_of_its_packet(void **state)
{
    (void)state;
    struct ssa_error err;
    LINK_ANSWER_AUTO got = {0};
    for (enum link_stage stage = LINK_TRIES_PIN; stage < LINK_STAGES; stage++) {
        struct writer w = writer();
        link_put_answer(&w, &(struct link_answer){.number = 7, .stage = stage, .done = true});
        struct reader r = reader_of(&w);
        SUCCEEDS(link_get_answer(&r, &got, &err));
        assert_int_equal(got.number, 7);
        assert_int_equal(got.stage, stage);
        assert_false(got.done);
        put_number(&w, 0);
        r = reader_of(&w);
        FAILS(link_get_answer(&r, &got, &err), SSA_UNEXPECTED, "makes no sense");
    }
}

// A failure without a reason would be taken for a success by whoever looks at the class.
static void a_failure_without_a_class_is_refused(void **state)
{
    (void)state;
    struct ssa_error err;
    LINK_ANSWER_AUTO got = {0};
    struct writer w = writer();
    link_put_answer(&w, &(struct link_answer){.err = {.code = SSA_OK}});
    struct reader r = reader_of(&w);
    FAILS(link_get_answer(&r, &got, &err), SSA_UNEXPECTED, "makes no sense");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_again),
        cmocka_unit_test(a_request_of_another_length_is_refused),
        cmocka_unit_test(a_request_with_what_nobody_means_is_refused),
        cmocka_unit_test(a_failure_is_read_again),
        cmocka_unit_test(a_text_is_read_again),
        cmocka_unit_test(a_stage_is_all_of_its_packet),
        cmocka_unit_test(a_failure_without_a_class_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
