// Unattended PIN tries: a wrong one is remembered, so that a service that restarts spends one try and no
// more.
#include "core/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flow/pin_state.h"

static const struct token_info token = {.label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token"};
static const struct token_info low = {
    .label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token", .pin_count_low = true};

static struct unit_heard heard;
static const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};

static int fresh(void **state)
{
    (void)state;
    (void)remove(unit_path("state/ssa-hsm/pin-12_ab_Token"));
    return setenv("XDG_STATE_HOME", unit_path("state"), 1);
}

static bool begins(const struct token_info *info, const char *identity, bool retry, struct pin_state *pin)
{
    struct ssa_error err = {0};
    const bool ok = pin_state_begin(pin, info, identity, retry, &callbacks, &err);
    assert_true(ok || err.code == SSA_PIN);
    return ok;
}

// One try that ends like this; asserts that it was allowed.
static void tried(const char *identity, enum pin_outcome outcome)
{
    struct pin_state pin;
    assert_true(begins(&token, identity, false, &pin));
    assert_true(pin.fd >= 0);
    pin_state_end(&pin, outcome);
    assert_int_equal(pin.fd, -1);
}

static void blocked(const char *identity)
{
    struct pin_state pin;
    assert_false(begins(&token, identity, false, &pin));
}

static void a_wrong_pin_is_tried_once(void **state)
{
    (void)state;
    struct ssa_error err;
    struct pin_state pin;
    tried("file 1", PIN_REFUSED);
    blocked("file 1");
    FAILS(pin_state_begin(&pin, &token, "file 1", false, &callbacks, &err), SSA_PIN, "--pin-retry");
    assert_non_null(strstr(err.hint, unit_path("state/ssa-hsm/pin-12_ab_Token")));
    assert_string_equal(err.subject, token.uri);
    // Another token has its own record.
    const struct token_info other = {.serial = "34"};
    assert_true(begins(&other, "file 1", false, &pin));
    pin_state_end(&pin, PIN_ACCEPTED);
}

static void a_try_without_an_answer_is_told_apart(void **state)
{
    (void)state;
    struct pin_state pin;
    tried("file 1", PIN_UNKNOWN);
    assert_false(begins(&token, "file 1", false, &pin));
    assert_true(pin.unanswered);
    // A try that is none leaves it as it was.
    assert_true(begins(&token, "file 1", true, &pin));
    pin_state_end(&pin, PIN_NOT_TRIED);
    assert_false(begins(&token, "file 1", false, &pin));
    assert_true(pin.unanswered);
    tried("file 2", PIN_REFUSED);
    assert_false(begins(&token, "file 2", false, &pin));
    assert_false(pin.unanswered);
    assert_true(begins(&token, "", true, &pin));
    pin_state_end(&pin, PIN_UNKNOWN);
    assert_false(begins(&token, "", false, &pin));
    assert_true(pin.unanswered);
    // A process that died over it did not write the second line.
    assert_true(begins(&token, "", true, &pin));
    (void)close(pin.fd);
    assert_false(begins(&token, "", false, &pin));
    assert_false(pin.unanswered);
}

static void another_pin_file_is_another_try(void **state)
{
    (void)state;
    tried("file 1", PIN_REFUSED);
    tried("file 2", PIN_REFUSED);
    blocked("file 2");
}

static void a_source_that_cannot_be_told_apart_stays_blocked(void **state)
{
    (void)state;
    tried("", PIN_REFUSED);
    blocked("");
    blocked("file 1");
    fresh(NULL);
    tried("file 1", PIN_REFUSED);
    blocked("");
}

static void a_person_can_allow_one_more(void **state)
{
    (void)state;
    struct pin_state pin;
    tried("file 1", PIN_REFUSED);
    assert_true(begins(&token, "file 1", true, &pin));
    pin_state_end(&pin, PIN_REFUSED);
    blocked("file 1");
}

static void a_right_pin_clears_the_record(void **state)
{
    (void)state;
    struct pin_state pin;
    tried("file 1", PIN_REFUSED);
    assert_true(begins(&token, "file 1", true, &pin));
    pin_state_end(&pin, PIN_ACCEPTED);
    tried("file 1", PIN_ACCEPTED);
    tried("file 1", PIN_NOT_TRIED);
    tried("file 1", PIN_ACCEPTED);
    assert_int_equal(access(unit_path("state/ssa-hsm/pin-12_ab_Token"), F_OK), -1);
}

static void a_login_by_a_person_clears_the_record(void **state)
{
    (void)state;
    tried("file 1", PIN_REFUSED);
    pin_state_forget(&token);
    tried("file 1", PIN_ACCEPTED);
    pin_state_forget(&token);
}

// The token failed before it looked at the PIN: the earlier wrong try is still the last that is known.
static void a_try_that_never_was_leaves_the_record_standing(void **state)
{
    (void)state;
    struct pin_state pin;
    tried("file 1", PIN_REFUSED);
    assert_true(begins(&token, "file 1", true, &pin));
    pin_state_end(&pin, PIN_NOT_TRIED);
    blocked("file 1");
}

static void a_try_of_unknown_end_counts_as_spent(void **state)
{
    (void)state;
    tried("file 1", PIN_UNKNOWN);
    blocked("file 1");
}

// A key that wants a login for each signature is refused outside of begin and end.
static void a_wrong_pin_at_a_signature_is_remembered(void **state)
{
    (void)state;
    pin_state_spent(&token, "file 1", PIN_REFUSED);
    blocked("file 1");
    tried("file 2", PIN_REFUSED);
    pin_state_spent(&token, "file 3", PIN_UNKNOWN);
    struct pin_state pin;
    assert_false(begins(&token, "file 3", false, &pin));
    assert_true(pin.unanswered);
}

static bool dies_in_the_middle(void *context)
{
    struct pin_state pin;
    (void)context;
    return begins(&token, "file 1", false, &pin);
}

static void a_process_that_dies_in_the_middle_leaves_the_record(void **state)
{
    (void)state;
    unit_in_child(dies_in_the_middle, NULL);
    blocked("file 1");
}

static void where_nothing_can_be_recorded_the_token_s_flag_decides(void **state)
{
    (void)state;
    struct ssa_error err;
    struct pin_state pin;
    assert_int_equal(setenv("XDG_STATE_HOME", "/dev/null", 1), 0);
    assert_true(begins(&token, "file 1", false, &pin));
    assert_int_equal(pin.fd, -1);
    pin_state_end(&pin, PIN_REFUSED);
    FAILS(pin_state_begin(&pin, &low, "file 1", false, &callbacks, &err), SSA_PIN, "CKF_USER_PIN_COUNT_LOW");
    assert_non_null(strstr(err.hint, "XDG_STATE_HOME"));
    FAILS(pin_state_begin(&pin, &low, "", true, &callbacks, &err), SSA_PIN, "CKF_USER_PIN_COUNT_LOW");
    // Another's mistype stops nobody who has a record to go by.
    fresh(NULL);
    assert_true(begins(&low, "file 1", false, &pin));
    pin_state_end(&pin, PIN_ACCEPTED);
}

static bool tries_on_a_full_disk(void *context)
{
    const struct rlimit none = {0};
    struct pin_state pin;
    (void)context;
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &none) != 0)
        return false;
    struct ssa_error err;
    const bool allowed = pin_state_begin(&pin, &token, "file 1", true, &callbacks, &err) && pin.fd < 0;
    pin_state_end(&pin, PIN_REFUSED);
    return allowed && !pin_state_begin(&pin, &low, "file 1", true, &callbacks, &err);
}

static void a_full_disk_does_not_forget_a_wrong_try(void **state)
{
    (void)state;
    tried("file 1", PIN_REFUSED);
    unit_in_child(tries_on_a_full_disk, NULL);
    blocked("file 1");
}

static void a_full_disk_makes_no_wrong_try_up(void **state)
{
    (void)state;
    unit_in_child(tries_on_a_full_disk, NULL);
    tried("file 1", PIN_ACCEPTED);
}

// What children count between them.
struct shared {
    int allowed, refused, inside, most;
};

static void compete(struct shared *s)
{
    struct pin_state pin;
    struct ssa_error err;
    if (!pin_state_begin(&pin, &token, "file 1", false, &callbacks, &err)) {
        __atomic_add_fetch(&s->refused, 1, __ATOMIC_SEQ_CST);
        return;
    }
    const int inside = __atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
    if (inside > __atomic_load_n(&s->most, __ATOMIC_SEQ_CST))
        __atomic_store_n(&s->most, inside, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&s->allowed, 1, __ATOMIC_SEQ_CST);
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    __atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
    pin_state_end(&pin, s->refused < 0 ? PIN_ACCEPTED : PIN_REFUSED);
}

enum { RACERS = 8 };

static struct shared race(bool right)
{
    struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    // Below zero: the PIN is right, and nobody will be refused.
    s->refused = right ? -1 : 0;
    for (unsigned i = 0; i < RACERS; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            compete(s);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < RACERS; i++)
        assert_true(wait(NULL) > 0);
    const struct shared result = *s;
    assert_int_equal(munmap(s, sizeof *s), 0);
    return result;
}

static void services_that_start_together_spend_one_try(void **state)
{
    (void)state;
    const struct shared wrong = race(false);
    assert_int_equal(wrong.allowed, 1);
    assert_int_equal(wrong.refused, RACERS - 1);
    fresh(NULL);
    const struct shared right = race(true);
    assert_int_equal(right.allowed, RACERS);
    assert_int_equal(right.most, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_wrong_pin_is_tried_once, fresh),
        cmocka_unit_test_setup(a_try_without_an_answer_is_told_apart, fresh),
        cmocka_unit_test_setup(another_pin_file_is_another_try, fresh),
        cmocka_unit_test_setup(a_source_that_cannot_be_told_apart_stays_blocked, fresh),
        cmocka_unit_test_setup(a_person_can_allow_one_more, fresh),
        cmocka_unit_test_setup(a_right_pin_clears_the_record, fresh),
        cmocka_unit_test_setup(a_login_by_a_person_clears_the_record, fresh),
        cmocka_unit_test_setup(a_try_that_never_was_leaves_the_record_standing, fresh),
        cmocka_unit_test_setup(a_try_of_unknown_end_counts_as_spent, fresh),
        cmocka_unit_test_setup(a_wrong_pin_at_a_signature_is_remembered, fresh),
        cmocka_unit_test_setup(a_process_that_dies_in_the_middle_leaves_the_record, fresh),
        cmocka_unit_test_setup(where_nothing_can_be_recorded_the_token_s_flag_decides, fresh),
        cmocka_unit_test_setup(a_full_disk_does_not_forget_a_wrong_try, fresh),
        cmocka_unit_test_setup(a_full_disk_makes_no_wrong_try_up, fresh),
        cmocka_unit_test_setup(services_that_start_together_spend_one_try, fresh),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
