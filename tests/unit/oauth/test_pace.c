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
    assert_true(pace_delay(&pace, 1500) == PACE_WINDOW_MS - 500);
    assert_true(pace_delay(&pace, 1000 + PACE_WINDOW_MS - 1) == 1);
    assert_true(pace_delay(&pace, 1000 + PACE_WINDOW_MS) == 0);
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
            assert_true(at[i] - at[i - PACE_MOST] >= PACE_WINDOW_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_go_at_once_and_the_next_when_the_first_is_a_minute_old),
        cmocka_unit_test(no_window_ever_holds_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
