// Answers in every form that the provider's papers show are understood; what could do harm further on is not
// taken.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "aps/answer.h"
#include "core/text.h"
#include "oauth/oauth.h"

static void an_account_is_read(void **state)
{
    (void)state;
    struct aps_account account;
    struct ssa_error err;
    assert_true(answer_account(span_text("{\"new\":[{\"email\":1}],\"serviceAccountId\":\"ABC\",\"email\":\"a@b.c\"}"),
                               &account, &err));
    assert_string_equal(account.id, "ABC");
    assert_string_equal(account.email, "a@b.c");
}

static void an_account_that_could_do_harm_is_not(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"serviceAccountId\":\"ABC\"}",
        "{\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":5,\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":null,\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":\"\",\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":\"..\",\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":\"a/b\",\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":\"a\\u0000b\",\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":\"A\",\"serviceAccountId\":\"B\",\"email\":\"a@b.c\"}",
        "{\"serviceAccountId\":\"ABC\",\"email\":\"a b\"}",
        "{\"serviceAccountId\":\"ABC\",\"email\":\"a\\\"b\"}",
        "{\"serviceAccountId\":\"ABC\",\"email\":\"a'b\"}",
        "{\"serviceAccountId\":\"ABC\",\"email\":\"a$b\"}",
        "{\"serviceAccountId\":\"ABC\",\"email\":\"a\\nb\"}",
        "{\"serviceAccountId\":\"ABC\",\"email\":\"a@b.c\"} trailing",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct aps_account account;
        struct ssa_error err = {0};
        if (answer_account(span_text(bad[i]), &account, &err))
            fail_msg("%s was taken", bad[i]);
        assert_string_not_equal(err.what, "");
    }
}

static void an_answer_that_was_cut_still_tells_the_account(void **state)
{
    (void)state;
    struct aps_account account;
    struct ssa_error err;
    assert_false(answer_account(span_text("{\"serviceAccountId\":\"ABC\",\"ema"), &account, &err));
    assert_string_equal(account.id, "ABC");
}

static void accounts_are_listed_with_either_form_of_time(void **state)
{
    (void)state;
    static const char body[] =
        "{\"serviceAccounts\":["
        "{\"serviceAccountId\":\"A\",\"email\":\"a@x\",\"createdBy\":\"client\",\"status\":\"ENABLED\","
        "\"createdAt\":\"2024-01-25T03:08:04.156Z\",\"accessedAt\":null,\"labels\":[{\"serviceAccountId\":"
        "\"no\"}]},"
        "{\"serviceAccountId\":\"B\",\"email\":null,\"status\":\"NEW_ONE\","
        "\"createdAt\":\"2024-01-25 03:08:04.156576834 +0000 UTC\"},"
        "{\"serviceAccountId\":\"C\",\"createdAt\":\"some day\"}]}";
    static struct aps_accounts accounts;
    struct ssa_error err = {0};
    if (!answer_accounts(span_text(body), &accounts, &err))
        fail_msg("%s", err.what);
    assert_int_equal(accounts.count, 3);
    assert_string_equal(accounts.list[0].created_by, "client");
    assert_string_equal(accounts.list[1].status, "NEW_ONE");
    assert_string_equal(accounts.list[1].email, "");
    assert_true(accounts.list[0].has_created_at && accounts.list[1].has_created_at);
    assert_true(accounts.list[0].created_at == 1706152084 && accounts.list[1].created_at == 1706152084);
    assert_false(accounts.list[2].has_created_at);
}

static void an_empty_list_is_a_list(void **state)
{
    (void)state;
    static struct aps_accounts accounts;
    struct aps_keys keys;
    struct ssa_error err;
    assert_true(answer_accounts(span_text("{\"serviceAccounts\":[]}"), &accounts, &err));
    assert_int_equal(accounts.count, 0);
    assert_true(answer_keys(span_text("{\"keys\":[]}"), &keys, &err));
    assert_int_equal(keys.count, 0);
}

static void a_list_that_is_none_is_not_taken_for_an_empty_one(void **state)
{
    (void)state;
    static struct aps_accounts accounts;
    struct aps_keys keys;
    struct ssa_error err;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"serviceAccounts\":null,\"keys\":null}",
        "{\"serviceAccounts\":{},\"keys\":{}}",
        "{\"serviceAccounts\":[1],\"keys\":[1]}",
        "{\"serviceAccounts\":[{}],\"keys\":[{}]}",
        "{\"serviceAccounts\":[{},{\"serviceAccountId\":\"A\"}],\"keys\":[{},{\"kid\":\"A\"}]}",
        "{\"serviceAccounts\":[{\"serviceAccountId\":\"A\"},{}],\"keys\":[{\"kid\":\"A\"},{}]}",
        "{\"serviceAccounts\":[{\"serviceAccountId\":\"../x\"}],\"keys\":[{\"kid\":\"../x\"}]}",
        "{\"serviceAccounts\":[],\"serviceAccounts\":[],\"keys\":[],\"keys\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (answer_accounts(span_text(bad[i]), &accounts, &err) || answer_keys(span_text(bad[i]), &keys, &err))
            fail_msg("%s was taken", bad[i]);
    }
}

static void a_list_longer_than_there_is_room_for_is_told(void **state)
{
    (void)state;
    char body[4096] = "{\"keys\":[";
    for (unsigned i = 0; i <= APS_KEYS_MAX; i++) {
        char one[64];
        assert_true(text_format(one, sizeof one, "%s{\"kid\":\"k%u\"}", i == 0 ? "" : ",", i));
        assert_true(strlen(body) + strlen(one) + 3 < sizeof body);
        memcpy(body + strlen(body), one, strlen(one) + 1);
    }
    memcpy(body + strlen(body), "]}", 3);
    struct aps_keys keys;
    struct ssa_error err;
    assert_false(answer_keys(span_text(body), &keys, &err));
    assert_non_null(strstr(err.what, "more than 16"));
}

static void keys_are_listed(void **state)
{
    (void)state;
    struct aps_keys keys;
    struct ssa_error err;
    assert_true(answer_keys(span_text("{\"keys\":[{\"kid\":\"a-1\",\"status\":\"ENABLED\",\"createdAt\":\"x\"},"
                                      "{\"status\":\"DISABLED\",\"kid\":\"b_2\"}]}"),
                            &keys, &err));
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.list[0].kid, "a-1");
    assert_string_equal(keys.list[1].kid, "b_2");
    assert_string_equal(keys.list[1].status, "DISABLED");
}

static void a_new_key_is_read_into_the_callers_buffer(void **state)
{
    (void)state;
    SECRET_AUTO pem = {0};
    struct ssa_error err;
    char kid[API_ID_MAX];
    assert_true(secret_new(&pem, 64, &err));
    assert_true(
        answer_key(span_text("{\"privateKey\":\"-----BEGIN\\nX\\r\\n\",\"kid\":\"k\",\"more\":1}"), kid, &pem, &err));
    assert_string_equal(kid, "k");
    assert_string_equal(secret_text(&pem), "-----BEGIN\nX\r\n");
}

static void a_new_keys_id_is_known_even_if_the_key_is_not(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"kid\":\"k\"}",
        "{\"privateKey\":5,\"kid\":\"k\"}",
        "{\"privateKey\":\"\",\"kid\":\"k\"}",
        "{\"privateKey\":\"a\\u0000b\",\"kid\":\"k\"}",
        "{\"privateKey\":\"a\",\"privateKey\":\"b\",\"kid\":\"k\"}",
        ("{\"privateKey\":\"0123456789012345678901234567890123456789012345678901234567890123456789\",\"kid\":"
         "\"k\"}"),
        "{\"kid\":\"k\",\"privateKey\":\"-----BEG",
        "{\"kid\":\"k\",\"privateKey\":\"a\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        SECRET_AUTO pem = {0};
        struct ssa_error err;
        char kid[API_ID_MAX];
        assert_true(secret_new(&pem, 64, &err));
        if (answer_key(span_text(bad[i]), kid, &pem, &err))
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(kid, "k");
        assert_int_equal(pem.len, 0);
        assert_true(answer_key(span_text(bad[i]), kid, NULL, &err));
    }
}

static void a_key_without_a_usable_id_is_not_kept(void **state)
{
    (void)state;
    SECRET_AUTO pem = {0};
    struct ssa_error err;
    char kid[API_ID_MAX];
    assert_true(secret_new(&pem, 64, &err));
    assert_false(answer_key(span_text("{\"privateKey\":\"abc\",\"kid\":\"../k\"}"), kid, &pem, &err));
    assert_string_equal(kid, "");
    assert_int_equal(pem.len, 0);
    assert_int_equal(pem.data[0], 0);
    assert_false(answer_key(span_text("{\"privateKey\":\"abc\"}"), kid, &pem, &err));
    assert_int_equal(pem.len, 0);
}

static void a_grant_gives_its_token(void **state)
{
    (void)state;
    SECRET_AUTO token = {0};
    struct ssa_error err;
    assert_true(secret_new(&token, 64, &err));
    const struct span body =
        span_text("{\"token_type\":\"bearer\",\"expires_in\":3599,\"access_token\":\"aZ09-._~+/==\"}");
    assert_true(grant_access_token(body, &token, &err));
    assert_string_equal(secret_text(&token), "aZ09-._~+/==");
    assert_true(grant_check(body, NULL, &err));
}

static void a_token_that_could_add_a_header_is_not_taken(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"expires_in\":3599}",
        "{\"access_token\":5}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"==\"}",
        "{\"access_token\":\"a=b\"}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"a\\r\\nX-Evil: 1\"}",
        "{\"access_token\":\"a\\u0000b\"}",
        "{\"access_token\":\"a\",\"access_token\":\"b\"}",
        "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
        "{\"access_token\":\"a\"",
        "{\"access_token\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        SECRET_AUTO token = {0};
        struct ssa_error err;
        assert_true(secret_new(&token, 64, &err));
        if (grant_access_token(span_text(bad[i]), &token, &err))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(err.code, SSA_NETWORK);
        assert_int_equal(token.len, 0);
    }
}

static void a_detail_is_read_with_all_its_times(void **state)
{
    (void)state;
    struct aps_account account;
    struct ssa_error err = {0};
    static const char body[] =
        "{\"serviceAccountId\":\"A\",\"email\":\"a@x\",\"createdBy\":\"client\",\"status\":\"DEACTIVATED\","
        "\"createdAt\":\"2024-01-25T03:08:04.156Z\",\"more\":{\"email\":1},"
        "\"accessedAt\":\"2024-01-25 03:08:05.156576834 +0000 UTC\",\"expiresAt\":\"2025-01-25T03:08:05Z\"}";
    if (!answer_detail(span_text(body), &account, &err))
        fail_msg("%s", err.what);
    assert_string_equal(account.status, "DEACTIVATED");
    assert_true(account.has_created_at && account.has_accessed_at && account.has_expires_at);
    assert_true(account.accessed_at == 1706152085 && account.expires_at == 1737774485);
    assert_true(
        answer_detail(span_text("{\"serviceAccountId\":\"A\",\"accessedAt\":null,\"expiresAt\":7}"), &account, &err));
    assert_false(account.has_accessed_at || account.has_expires_at || account.has_created_at);
    assert_string_equal(account.email, "");
}

static void a_detail_that_could_do_harm_is_not(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "null",
                                      "{}",
                                      "{\"email\":\"a@b\"}",
                                      "{\"serviceAccountId\":null}",
                                      "{\"serviceAccountId\":\"..\"}",
                                      "{\"serviceAccountId\":\"A\",\"status\":\"a\\u001b\"}",
                                      "{\"serviceAccountId\":\"A\",\"email\":\"a b\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct aps_account account;
        struct ssa_error err = {0};
        if (answer_detail(span_text(bad[i]), &account, &err))
            fail_msg("%s was taken", bad[i]);
    }
}

static void a_keys_last_use_is_read(void **state)
{
    (void)state;
    struct aps_keys keys;
    struct ssa_error err;
    assert_true(answer_keys(span_text("{\"keys\":[{\"kid\":\"K\",\"accessedAt\":\"2024-01-25T03:08:04Z\"},"
                                      "{\"kid\":\"L\",\"accessedAt\":null}]}"),
                            &keys, &err));
    assert_true(keys.list[0].has_accessed_at && keys.list[0].accessed_at == 1706152084);
    assert_false(keys.list[1].has_accessed_at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_is_read),
        cmocka_unit_test(an_account_that_could_do_harm_is_not),
        cmocka_unit_test(an_answer_that_was_cut_still_tells_the_account),
        cmocka_unit_test(accounts_are_listed_with_either_form_of_time),
        cmocka_unit_test(an_empty_list_is_a_list),
        cmocka_unit_test(a_list_that_is_none_is_not_taken_for_an_empty_one),
        cmocka_unit_test(a_list_longer_than_there_is_room_for_is_told),
        cmocka_unit_test(keys_are_listed),
        cmocka_unit_test(a_detail_is_read_with_all_its_times),
        cmocka_unit_test(a_detail_that_could_do_harm_is_not),
        cmocka_unit_test(a_keys_last_use_is_read),
        cmocka_unit_test(a_new_key_is_read_into_the_callers_buffer),
        cmocka_unit_test(a_new_keys_id_is_known_even_if_the_key_is_not),
        cmocka_unit_test(a_key_without_a_usable_id_is_not_kept),
        cmocka_unit_test(a_grant_gives_its_token),
        cmocka_unit_test(a_token_that_could_add_a_header_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
