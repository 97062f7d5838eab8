// The rate limit, kept to by ourselves.
#include "core/unit.h"

#include "oauth/pace.h"

static void ten_go_at_once_and_the_next_when_the_first_is_a_minute_old(void **state)
{
    (void)state;
    struct pace pace = {0};
    for (long long i = 0; i < PACE_MOST; i++) {
        assert_true(pace_delay(&pace, 1000 + i) == 0);
        pace_note(&pace, 1000 + i);
    }
    assert_true(pace_delay(&pace, 1500) == PACE_MINUTE_MS - 500);
    assert_true(pace_delay(&pace, 1000 + PACE_MINUTE_MS - 1) == 1);
    assert_true(pace_delay(&pace, 1000 + PACE_MINUTE_MS) == 0);
}

static void no_window_ever_holds_more(void **state)
{
    (void)state;
    enum { REQUESTS = 1000 };
    static long long at[REQUESTS];
    struct pace pace = {0};
    long long now = 5;
    for (size_t i = 0; i < REQUESTS; i++) {
        now += pace_delay(&pace, now);
        at[i] = now;
        pace_note(&pace, now);
        // Some take longer than others.
        now += (long long)(i * 7919 % 13000);
        if (i >= PACE_MOST)
            assert_true(at[i] - at[i - PACE_MOST] >= PACE_MINUTE_MS);
    }
}

static long long delay_after_ten(long limit)
{
    struct pace pace = {.limit = limit};
    for (long long i = 0; i < PACE_MOST; i++)
        pace_note(&pace, 1000);
    return pace_delay(&pace, 1000);
}

static void the_limit_that_the_server_announces_counts(void **state)
{
    (void)state;
    assert_true(delay_after_ten(0) == PACE_MINUTE_MS);
    assert_true(delay_after_ten(10) == PACE_MINUTE_MS);
    assert_true(delay_after_ten(20) == PACE_MINUTE_MS / 2);
    assert_true(delay_after_ten(6000) == PACE_MINUTE_MS / 600);
    assert_true(delay_after_ten(999999999) == 0);
}

static void a_lower_limit_takes_fewer_requests(void **state)
{
    (void)state;
    struct pace pace = {.limit = 3};
    for (long long i = 0; i < 3; i++) {
        assert_true(pace_delay(&pace, 1000 + i) == 0);
        pace_note(&pace, 1000 + i);
    }
    assert_true(pace_delay(&pace, 1002) == PACE_MINUTE_MS - 2);
    pace_note(&pace, 1000 + PACE_MINUTE_MS);
    assert_true(pace_delay(&pace, 1000 + PACE_MINUTE_MS) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_go_at_once_and_the_next_when_the_first_is_a_minute_old),
        cmocka_unit_test(no_window_ever_holds_more),
        cmocka_unit_test(the_limit_that_the_server_announces_counts),
        cmocka_unit_test(a_lower_limit_takes_fewer_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
