// The budget of requests, the times of renewals and new tries, and sets of scopes.
#include "core/unit.h"

#include "agent/cache/access.h"
#include "agent/cache/budget.h"
#include "agent/cache/schedule.h"
#include "agent/cache/scope_set.h"
#include "core/boot_clock.h"
#include "core/text.h"

static const struct oauth_limits nothing = {.remaining = -1, .retry_after = -1};

static void request(struct budget *budget, const struct oauth_limits *told, long long now)
{
    budget_take(budget);
    budget_end(budget, 1, told, now, 0);
}

static void ten_a_minute(void **state)
{
    (void)state;
    struct budget budget = {0};
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(budget_left(&budget, 1000 + i), 10 - i);
        request(&budget, &nothing, 1000 + i);
    }
    assert_int_equal(budget_left(&budget, 2000), 0);
    assert_int_equal(budget_delay(&budget, 1, 2000), 59000);
    assert_int_equal(budget_delay(&budget, 3, 2000), 59002);
    assert_int_equal(budget_left(&budget, 61000), 1);
}

static void requests_in_flight_count_until_they_are_answered(void **state)
{
    (void)state;
    struct budget budget = {0};
    for (unsigned i = 0; i < 10; i++)
        budget_take(&budget);
    assert_int_equal(budget_left(&budget, 1000), 0);
    assert_int_equal(budget_delay(&budget, 1, 1000), BUDGET_UNKNOWN);
    // One that never left this machine gives its place back; a late one counts from its answer on.
    budget_end(&budget, 0, &nothing, 1000, 0);
    assert_int_equal(budget_left(&budget, 1000), 1);
    budget_end(&budget, 1, &nothing, 50000, 0);
    assert_int_equal(budget_left(&budget, 109999), 1);
    assert_int_equal(budget_left(&budget, 110000), 2);
}

static void what_other_hosts_use_is_not_ours(void **state)
{
    (void)state;
    struct budget budget = {0};
    request(&budget, &(struct oauth_limits){.value = 10, .remaining = 4, .retry_after = -1}, 1000);
    assert_int_equal(budget_left(&budget, 1000), 4);
    request(&budget, &(struct oauth_limits){.value = 10, .remaining = 3, .retry_after = -1}, 2000);
    assert_int_equal(budget_left(&budget, 2000), 3);
    request(&budget, &(struct oauth_limits){.value = 10, .remaining = 0, .retry_after = -1}, 3000);
    assert_int_equal(budget_left(&budget, 3000), 0);
    // Our own first one leaves the window, and then the others' do.
    assert_int_equal(budget_delay(&budget, 1, 3000), 58000);
    assert_int_equal(budget_left(&budget, 61000), 1);
    assert_int_equal(budget_left(&budget, 63000), 10);
}

static void what_the_api_announces_counts(void **state)
{
    (void)state;
    struct budget budget = {0};
    request(&budget, &(struct oauth_limits){.value = 3, .remaining = -1, .retry_after = -1}, 1000);
    assert_int_equal(budget_left(&budget, 1000), 2);
    request(&budget, &(struct oauth_limits){.value = 600, .remaining = -1, .retry_after = -1}, 1000);
    assert_int_equal(budget_left(&budget, 1000), 8);
    assert_int_equal(budget_left(&budget, 2000), 10);
}

static void a_refusal_shuts_it_for_as_long_as_the_api_says(void **state)
{
    (void)state;
    struct budget budget = {0};
    request(&budget, &(struct oauth_limits){.limited = true, .remaining = -1, .retry_after = 90}, 1000);
    assert_int_equal(budget_delay(&budget, 1, 1000), 90000);
    assert_int_equal(budget_left(&budget, 91000), 10);
    // A wait that cannot be meant is not believed.
    request(&budget, &(struct oauth_limits){.limited = true, .remaining = -1, .retry_after = 999999999}, 91000);
    assert_int_equal(budget_delay(&budget, 1, 91000), LIMITED_TOLD_MS);
    budget = (struct budget){0};
    long long last = 0;
    for (unsigned i = 0; i < 6; i++) {
        request(&budget, &(struct oauth_limits){.limited = true, .remaining = -1, .retry_after = -1}, 1000);
        const long long delay = budget_delay(&budget, 1, 1000);
        assert_true(delay > last && delay <= LIMITED_MOST_MS);
        last = delay;
    }
}

static void renewals_are_spread_around_four_fifths_of_a_life(void **state)
{
    (void)state;
    long long first = 1000000, last = 0;
    for (unsigned i = 0; i < 1000; i++) {
        const long long at = schedule_renewal(1000, 1000 + 100000, unit_random(1U << 31));
        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    assert_true(first >= 77000 && first < 77500);
    assert_true(last <= 85000 && last > 84500);
    assert_int_equal(schedule_urgent(80000, 100000), 90000);
}

static void back_offs_grow_and_end_growing(void **state)
{
    (void)state;
    for (unsigned failures = 1; failures < 40; failures++) {
        const uint32_t random = unit_random(1U << 31);
        const long long passes = schedule_back_off(failures, false, random);
        const long long lasts = schedule_back_off(failures, true, random);
        const long long base = failures > 5 ? BACK_OFF_MOST_MS : BACK_OFF_MS << (failures - 1);
        assert_true(passes >= base * 3 / 4 && passes <= base * 5 / 4);
        assert_true(lasts >= REFUSED_MS * 3 / 4 && lasts <= REFUSED_MOST_MS * 5 / 4);
    }
}

static void scopes_are_a_set(void **state)
{
    (void)state;
    static const struct ssa_callbacks nobody = {0};
    char set[ACCESS_SCOPE_MAX];
    struct ssa_error err;
    SUCCEEDS(scope_set("data:write,data:read  data:write", set, &nobody, &err));
    assert_string_equal(set, "data:read data:write");
    SUCCEEDS(scope_set("z y x b a", set, &nobody, &err));
    assert_string_equal(set, "a b x y z");
    FAILS(scope_set(" , ", set, &nobody, &err), SSA_USAGE, "empty");
    FAILS(scope_set("a\"b", set, &nobody, &err), SSA_USAGE, "not allowed");
}

static void as_many_scopes_as_fit(void **state)
{
    (void)state;
    static const struct ssa_callbacks nobody = {0};
    char text[ACCESS_SCOPE_MAX], set[ACCESS_SCOPE_MAX];
    struct ssa_error err;
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = "abcdefghijklmnopqrstuvwxyz"[i / 2 % 26];
    for (size_t i = 1; i + 1 < sizeof text; i += 2)
        text[i] = ' ';
    text[sizeof text - 1] = '\0';
    SUCCEEDS(scope_set(text, set, &nobody, &err));
    assert_string_equal(set, "a b c d e f g h i j k l m n o p q r s t u v w x y z");
    for (size_t i = 0; i < 257; i++)
        (void)text_format(text + 4 * i, sizeof text - 4 * i, "%03zx ", i);
    FAILS(scope_set(text, set, &nobody, &err), SSA_USAGE, "more than 256");
    memset(text, 'x', sizeof text - 1);
    SUCCEEDS(scope_set(text, set, &nobody, &err));
    assert_string_equal(set, text);
}

static void an_access_token_lives_as_long_as_its_users(void **state)
{
    (void)state;
    struct ssa_error err;
    struct access *access = access_new(span_text("text"), "a b", 5000, 60, &err);
    assert_non_null(access);
    assert_string_equal(secret_text(&access->token), "text");
    assert_string_equal(access->scope, "a b");
    assert_int_equal(access->ends_ms, 65000);
    struct access *second = access_keep(access);
    access_drop(access);
    assert_string_equal(secret_text(&second->token), "text");
    access_drop(second);
    access_drop(NULL);
}

static void its_end_is_counted_from_the_request(void **state)
{
    (void)state;
    struct ssa_error err;
    struct access *access = access_new(span_text("text"), "a b", boot_ms() - 20000, 60, &err);
    assert_non_null(access);
    assert_in_range(access->expires, time(NULL) + 35, time(NULL) + 40);
    access_drop(access);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_a_minute),
        cmocka_unit_test(requests_in_flight_count_until_they_are_answered),
        cmocka_unit_test(what_other_hosts_use_is_not_ours),
        cmocka_unit_test(what_the_api_announces_counts),
        cmocka_unit_test(a_refusal_shuts_it_for_as_long_as_the_api_says),
        cmocka_unit_test(renewals_are_spread_around_four_fifths_of_a_life),
        cmocka_unit_test(back_offs_grow_and_end_growing),
        cmocka_unit_test(scopes_are_a_set),
        cmocka_unit_test(as_many_scopes_as_fit),
        cmocka_unit_test(an_access_token_lives_as_long_as_its_users),
        cmocka_unit_test(its_end_is_counted_from_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
