// When a signer that died is started again.
#include "core/unit.h"

#include "agent/link/backoff.h"

static void the_first_start_is_at_once(void **state)
{
    (void)state;
    const struct backoff b = {0};
    assert_int_equal(backoff_left(&b, 0), 0);
    assert_int_equal(backoff_left(&b, 1000), 0);
}

static void the_interval_grows_with_each_death(void **state)
{
    (void)state;
    static const long long waits[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000};
    struct backoff b = {0};
    long long now = 5000;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        backoff_started(&b, now);
        now += 10;
        backoff_died(&b, now);
        assert_int_equal(backoff_left(&b, now), waits[i]);
        assert_int_equal(backoff_left(&b, now + waits[i] - 1), 1);
        now += waits[i];
        assert_int_equal(backoff_left(&b, now), 0);
    }
}

static void one_that_lived_long_is_forgiven(void **state)
{
    (void)state;
    struct backoff b = {0};
    for (unsigned i = 0; i < 5; i++) {
        backoff_started(&b, 0);
        backoff_died(&b, 1);
    }
    assert_int_equal(backoff_left(&b, 1), 1600);
    backoff_started(&b, 2000);
    backoff_died(&b, 2000 + BACKOFF_LIFE_MS - 1);
    assert_int_equal(backoff_left(&b, 2000 + BACKOFF_LIFE_MS - 1), 3200);
    backoff_started(&b, 100000);
    backoff_died(&b, 100000 + BACKOFF_LIFE_MS);
    assert_int_equal(backoff_left(&b, 100000 + BACKOFF_LIFE_MS), BACKOFF_LEAST_MS);
}

static void who_wants_it_now_does_not_wait(void **state)
{
    (void)state;
    struct backoff b = {0};
    for (unsigned i = 0; i < 20; i++) {
        backoff_started(&b, 0);
        backoff_died(&b, 1);
    }
    backoff_forget(&b);
    assert_int_equal(backoff_left(&b, 1), 0);
    backoff_started(&b, 1);
    backoff_died(&b, 2);
    assert_int_equal(backoff_left(&b, 2), BACKOFF_LEAST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_start_is_at_once),
        cmocka_unit_test(the_interval_grows_with_each_death),
        cmocka_unit_test(one_that_lived_long_is_forgiven),
        cmocka_unit_test(who_wants_it_now_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
