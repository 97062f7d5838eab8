// The head of an agent's answer, what its body says, who is believed, and where agents are.
#include "core/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agent/client/client.h"
#include "agent/client/head.h"
#include "agent/client/place.h"
#include "agent/client/reply.h"

static enum head_end read_head(const char *text, struct agent_head *head)
{
    struct ssa_error err = {0};
    const enum head_end end = agent_head_read(span_text(text), head, &err);
    assert_true((end == HEAD_BAD) == (err.code == SSA_NETWORK));
    return end;
}

static void a_head_is_read_however_it_is_cut(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: \t7 \r\n"
        "content-length:12\r\nX-Empty:\r\n\r\n{\"error\":\"x\"}";
    const size_t len = sizeof text - 1 - strlen("{\"error\":\"x\"}");
    for (size_t cut = 0; cut < sizeof text - 1; cut++) {
        struct agent_head head;
        char part[sizeof text] = "";
        memcpy(part, text, cut);
        assert_int_equal(read_head(part, &head), cut < len ? HEAD_MORE : HEAD_WHOLE);
        if (cut < len)
            continue;
        assert_int_equal(head.len, len);
        assert_int_equal(head.status, 503);
        assert_int_equal(head.body, 12);
        assert_int_equal(head.retry_after, 7);
    }
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: identity\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\nY: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \x7f\r\n\r\n",
    };
    struct agent_head head;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_head(bad[i], &head) != HEAD_BAD)
            fail_msg("was read: %s", bad[i]);
    assert_int_equal(read_head("HTTP/1.1 200\r\nContent-Length: 262144\r\n\r\n", &head), HEAD_WHOLE);
    // A date is no number of seconds, and neither is too many.
    assert_int_equal(read_head("HTTP/1.1 429 X\r\nContent-Length: 0\r\nRetry-After: Fri, 31 Dec\r\n\r\n", &head),
                     HEAD_WHOLE);
    assert_int_equal(head.retry_after, 0);
    assert_int_equal(read_head("HTTP/1.1 429 X\r\nContent-Length: 0\r\nRetry-After: 99999999999\r\n\r\n", &head),
                     HEAD_WHOLE);
    assert_int_equal(head.retry_after, AGENT_RETRY_AFTER_MAX);
}

static void endless_headers_end(void **state)
{
    (void)state;
    struct agent_head head;
    char *text = calloc(1, AGENT_HEAD_MAX + 1);
    assert_non_null(text);
    memset(text, 'a', AGENT_HEAD_MAX);
    memcpy(text, "HTTP/1.1 200 OK\r\nX: ", strlen("HTTP/1.1 200 OK\r\nX: "));
    assert_int_equal(read_head(text, &head), HEAD_BAD);
    text[AGENT_HEAD_MAX - 1] = '\0';
    assert_int_equal(read_head(text, &head), HEAD_MORE);
    free(text);
}

static void a_failure_becomes_the_error_that_it_was(void **state)
{
    (void)state;
    struct ssa_error err;
    static const char told[] =
        "{\"error\":\"refused\",\"error_description\":\"no\\u001b\",\"exit_code\":10,\"subject\":\"s\","
        "\"cause\":\"HTTP 400\",\"reason\":93,\"detail\":\"d\",\"retry_after\":3,\"more\":{\"error\":1}}";
    assert_int_equal(agent_reply_failure(502, span_text(told), "/place", &err), AGENT_CANNOT);
    assert_int_equal(err.code, SSA_REFUSED);
    assert_int_equal(err.reason, 93);
    assert_string_equal(err.what, "no?");
    assert_string_equal(err.subject, "s");
    assert_string_equal(err.cause, "HTTP 400");
    assert_string_equal(err.detail, "d");
    // What is not told follows from the kind.
    assert_int_equal(agent_reply_failure(423, span_text("{\"error\":\"locked\"}"), "/place", &err), AGENT_CANNOT);
    assert_int_equal(err.code, SSA_PIN);
    assert_int_equal(err.reason, SSA_REASON_AGENT_LOCKED);
    assert_string_equal(err.subject, "/place");
    assert_int_equal(agent_reply_failure(409, span_text("{\"error\":\"differs\",\"exit_code\":-3}"), "/p", &err),
                     AGENT_OTHER_PROFILE);
    assert_int_equal(err.code, SSA_CONFIG);
    assert_int_equal(agent_reply_failure(403, span_text("{\"error\":\"forbidden\",\"reason\":4000}"), "/p", &err),
                     AGENT_REFUSES);
    assert_int_equal(err.reason, SSA_REASON_AGENT_REFUSES);
    static const char *const strange[] = {
        "", "{", "[]", "{\"error\":7}", "{\"error\":\"\"}", "{\"error\":\"gone fishing\"}"};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        assert_int_equal(agent_reply_failure(404, span_text(strange[i]), "/place", &err), AGENT_NONE);
        assert_int_equal(err.code, SSA_NETWORK);
        assert_non_null(strstr(err.what, "404"));
    }
}

static void an_access_token_is_checked_as_the_apis_own(void **state)
{
    (void)state;
    struct ssa_error err;
    struct ssa_grant grant;
    long long lifetime = 0;
    SUCCEEDS(agent_reply_token(span_text("{\"access_token\":\"a.b-c\",\"token_type\":\"bearer\",\"expires_in\":17}"),
                               &grant, &lifetime, &err));
    assert_int_equal(lifetime, 17);
    assert_string_equal(grant.token.text, "a.b-c");
    assert_string_equal(grant.json.text, "{\n  \"access_token\": \"a.b-c\",\n  \"token_type\": \"Bearer\",\n"
                                         "  \"expires_in\": 17\n}\n");
    ssa_grant_free(&grant);
    // The API need not say how long it lives.
    SUCCEEDS(agent_reply_token(span_text("{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"scope\":\"b\"}"), &grant,
                               &lifetime, &err));
    assert_int_equal(lifetime, 0);
    assert_null(strstr(grant.json.text, "expires_in"));
    ssa_grant_free(&grant);
    FAILS(agent_reply_token(span_text("{\"access_token\":\"a\",\"scope\":\"b\",\"expires_in\":0}"), &grant, &lifetime,
                            &err),
          SSA_NETWORK, "how long");
    FAILS(agent_reply_token(span_text("{\"access_token\":\"a\\nb\",\"expires_in\":17}"), &grant, &lifetime, &err),
          SSA_NETWORK, "not allowed");
    FAILS(agent_reply_token(span_text("{\"access_token\":\"a\"}"), &grant, &lifetime, &err), SSA_NETWORK, "how long");
    FAILS(agent_reply_token(span_text(""), &grant, &lifetime, &err), SSA_NETWORK, "empty");
}

static void another_user_is_believed_only_where_that_user_was_chosen(void **state)
{
    (void)state;
    enum { ME = 1000, OTHER = 1001, THIRD = 1002 };
    struct stat socket = {.st_uid = OTHER, .st_mode = S_IFSOCK | 0666},
                folder = {.st_uid = OTHER, .st_mode = S_IFDIR | 0755};
    assert_true(agent_is_trusted(ME, ME, &socket, &folder));
    assert_true(agent_is_trusted(0, ME, &socket, &folder));
    assert_true(agent_is_trusted(OTHER, ME, &socket, &folder));
    // Somebody else has taken the socket's place.
    assert_false(agent_is_trusted(THIRD, ME, &socket, &folder));
    folder.st_uid = THIRD;
    assert_false(agent_is_trusted(OTHER, ME, &socket, &folder));
    folder.st_uid = 0;
    assert_true(agent_is_trusted(OTHER, ME, &socket, &folder));
    folder.st_mode = S_IFDIR | S_ISVTX | 0777;
    assert_false(agent_is_trusted(OTHER, ME, &socket, &folder));
}

static void places_stand_between_commas_and_blanks(void **state)
{
    (void)state;
    char place[AGENT_PLACE_MAX], *longest = calloc(1, 2 * AGENT_PLACE_MAX);
    const char *list = " /a,,https://b:1 \t c,";
    static const char *const expected[] = {"/a", "https://b:1", "c"};
    assert_non_null(longest);
    for (size_t i = 0; i < 3; i++) {
        list = agent_place_next(list, place);
        assert_non_null(list);
        assert_string_equal(place, expected[i]);
        assert_int_equal(agent_place_is_broker(place), i == 1);
    }
    assert_null(agent_place_next(list, place));
    assert_true(agent_place_is_none(""));
    assert_true(agent_place_is_none(" ,none /a"));
    assert_false(agent_place_is_none("/a none"));
    struct ssa_error err;
    SUCCEEDS(agent_place_check("/a", &err));
    SUCCEEDS(agent_place_check("HTTPS://b", &err));
    static const char *const wrong[] = {"a", "http://b:1", "b:1", "none", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(agent_place_check(wrong[i], &err), SSA_CONFIG, i < 4 ? "not the absolute path" : "more than");
    memset(longest, 'x', AGENT_PLACE_MAX);
    assert_non_null(agent_place_next(longest, place));
    assert_string_equal(place, "");
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_however_it_is_cut),
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(endless_headers_end),
        cmocka_unit_test(a_failure_becomes_the_error_that_it_was),
        cmocka_unit_test(an_access_token_is_checked_as_the_apis_own),
        cmocka_unit_test(another_user_is_believed_only_where_that_user_was_chosen),
        cmocka_unit_test(places_stand_between_commas_and_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
