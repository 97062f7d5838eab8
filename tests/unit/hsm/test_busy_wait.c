// When each side looks for the other's next message without sleeping: where that pays, and never for long.
#include "core/unit.h"

#include <sched.h>

#include "hsm/host/busy_wait.h"

static const long long us = 1000, ms = 1000000;

// A signature was answered at that time.
static void answered(struct busy_wait_host *host, long long at)
{
    host->answered = at;
}

static void the_host_looks_after_signatures_that_were_asked_for_soon(void **state)
{
    (void)state;
    struct busy_wait_host host = {0};
    for (int i = 1; i <= 2; i++) {
        answered(&host, i * ms);
        assert_false(busy_wait_host_pays(&host, i * ms));
        busy_wait_host_heard(&host, i * ms + 50 * us);
    }
    // What is no signature is not followed by looking.
    assert_false(busy_wait_host_pays(&host, 5 * ms));
    answered(&host, 5 * ms);
    assert_true(busy_wait_host_pays(&host, 5 * ms));
    assert_true(busy_wait_host_pays(&host, 5 * ms + 99 * us));
    assert_false(busy_wait_host_pays(&host, 5 * ms + 100 * us));
}

static void soon_signatures(struct busy_wait_host *host)
{
    for (int i = 1; i <= 10; i++) {
        answered(host, i * ms);
        busy_wait_host_heard(host, i * ms + 50 * us);
    }
}

static void one_late_request_or_another_call_and_the_host_sleeps_again(void **state)
{
    (void)state;
    struct busy_wait_host host = {0};
    soon_signatures(&host);
    answered(&host, 20 * ms);
    busy_wait_host_heard(&host, 21 * ms);
    answered(&host, 22 * ms);
    assert_false(busy_wait_host_pays(&host, 22 * ms));
    soon_signatures(&host);
    // No signature was answered before this one was heard.
    busy_wait_host_heard(&host, 11 * ms);
    answered(&host, 12 * ms);
    assert_false(busy_wait_host_pays(&host, 12 * ms));
}

static bool pays(const long long *took, unsigned count, struct busy_wait_window *window)
{
    struct busy_wait_caller caller = {0};
    for (unsigned i = 0; i < count; i++)
        busy_wait_caller_took(&caller, took[i]);
    return busy_wait_caller_pays(&caller, window);
}

static void the_caller_looks_when_the_answer_should_be_there(void **state)
{
    (void)state;
    struct busy_wait_window window;
    const long long even[] = {9 * ms, 600 * us, 590 * us, 840 * us, 610 * us};
    assert_false(pays(even, 3, &window));
    assert_false(pays(even, 4, &window));
    assert_true(pays(even, 5, &window));
    // A sleep that lasts longer than it should ends before the answer.
    assert_in_range(window.from, 380 * us, 490 * us);
    assert_in_range(window.until, 840 * us + 1, 950 * us);
}

static void the_caller_never_looks_for_long(void **state)
{
    (void)state;
    struct busy_wait_window window;
    const long long widest[] = {1400 * us, 1899 * us, 1899 * us, 1899 * us};
    const long long shortest[] = {1, 1, 1, 1};
    assert_true(pays(widest, 4, &window));
    assert_true(window.until - window.from < 800 * us);
    assert_true(pays(shortest, 4, &window));
    assert_true(window.until <= 101 * us);
}

static void the_caller_sleeps_where_nobody_knows_how_long_it_takes(void **state)
{
    (void)state;
    struct busy_wait_window window;
    const long long uneven[] = {600 * us, 590 * us, 1090 * us, 610 * us};
    const long long slow[] = {3 * ms, 3 * ms, 3 * ms, 3 * ms};
    assert_false(pays(uneven, 4, &window));
    assert_false(pays(slow, 4, &window));
}

static void allow(int processors)
{
    cpu_set_t all, few;
    int left = processors;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&few);
    for (size_t i = 0; i < CPU_SETSIZE && left > 0; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &few);
            left--;
        }
    if (left > 0)
        skip();
    assert_int_equal(sched_setaffinity(0, sizeof few, &few), 0);
}

static void each_call_needs_two_processors(void **state)
{
    (void)state;
    cpu_set_t before;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    allow(1);
    busy_wait_begin();
    assert_false(busy_wait_may());
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    allow(2);
    assert_true(busy_wait_may());
    busy_wait_begin();
    assert_false(busy_wait_may());
    busy_wait_end();
    assert_true(busy_wait_may());
    busy_wait_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_looks_after_signatures_that_were_asked_for_soon),
        cmocka_unit_test(one_late_request_or_another_call_and_the_host_sleeps_again),
        cmocka_unit_test(the_caller_looks_when_the_answer_should_be_there),
        cmocka_unit_test(the_caller_never_looks_for_long),
        cmocka_unit_test(the_caller_sleeps_where_nobody_knows_how_long_it_takes),
        cmocka_unit_test(each_call_needs_two_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
