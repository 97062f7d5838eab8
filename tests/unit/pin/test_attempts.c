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

#include "pin/attempts.h"

static const struct token_info token = {.label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token"};
static const struct token_info low = {
    .label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token", .pin_count_low = true};

static struct unit_heard heard;
static const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};

// A kind of token that sets COUNT_LOW after the first wrong PIN, and one that locks without telling before.
static const struct token_info telling = {
    .label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token", .pin_low_at_once = true};
static const struct token_info told = {
    .label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token", .pin_low_at_once = true, .pin_count_low = true};
static const struct token_info silent = {
    .label = "Token", .serial = "12/ab", .uri = "pkcs11:token=Token", .pin_tries = 3};

static int fresh(void **state)
{
    (void)state;
    static const char *const files[] = {"state/ssa-hsm/pin-12_ab_Token", "state/ssa-hsm/mistyped-12_ab_Token",
                                        "run/ssa-hsm/pin-12_ab_Token"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)remove(unit_path(files[i]));
    (void)mkdir(unit_path("run"), 0700);
    if (setenv("XDG_RUNTIME_DIR", unit_path("run"), 1) != 0 || setenv("TMPDIR", unit_in, 1) != 0)
        return -1;
    return setenv("XDG_STATE_HOME", unit_path("state"), 1);
}

static enum ssa_reason refused; // why the last try was refused

static bool begins(const struct token_info *info, const char *identity, bool retry, struct pin_attempt *pin)
{
    struct ssa_error err = {0};
    const bool ok = pin_attempt_begin(pin, info, identity, retry, &callbacks, &err);
    assert_true(ok || err.code == SSA_PIN);
    refused = err.reason;
    return ok;
}

// One try that ends like this; asserts that it was allowed.
static void tried(const char *identity, enum pin_outcome outcome)
{
    struct pin_attempt pin;
    assert_true(begins(&token, identity, false, &pin));
    assert_true(pin.file.fd >= 0);
    pin_attempt_end(&pin, outcome);
    assert_int_equal(pin.file.fd, -1);
}

static void blocked(const char *identity)
{
    struct pin_attempt pin;
    assert_false(begins(&token, identity, false, &pin));
}

static void a_wrong_pin_is_tried_once(void **state)
{
    (void)state;
    struct ssa_error err;
    struct pin_attempt pin;
    tried("file 1", PIN_REFUSED);
    blocked("file 1");
    FAILS(pin_attempt_begin(&pin, &token, "file 1", false, &callbacks, &err), SSA_PIN, "was refused");
    assert_int_equal(err.reason, SSA_REASON_PIN_WAS_TRIED);
    assert_non_null(strstr(err.detail, unit_path("state/ssa-hsm/pin-12_ab_Token")));
    assert_string_equal(err.subject, token.uri);
    // Another token has its own record.
    const struct token_info other = {.serial = "34"};
    assert_true(begins(&other, "file 1", false, &pin));
    pin_attempt_end(&pin, PIN_ACCEPTED);
}

// Asking whether a try is allowed records nothing, and says what the try itself would say.
static void asking_is_no_try(void **state)
{
    (void)state;
    struct ssa_error err;
    struct stat before, after;
    SUCCEEDS(pin_attempt_is_allowed(&token, "file 1", false, &callbacks, &err));
    assert_int_not_equal(stat(unit_path("state/ssa-hsm/pin-12_ab_Token"), &before), 0);
    tried("file 1", PIN_REFUSED);
    assert_int_equal(stat(unit_path("state/ssa-hsm/pin-12_ab_Token"), &before), 0);
    for (unsigned i = 0; i < 3; i++)
        FAILS(pin_attempt_is_allowed(&token, "file 1", false, &callbacks, &err), SSA_PIN, "was refused");
    assert_int_equal(err.reason, SSA_REASON_PIN_WAS_TRIED);
    SUCCEEDS(pin_attempt_is_allowed(&token, "file 2", false, &callbacks, &err));
    SUCCEEDS(pin_attempt_is_allowed(&token, "file 1", true, &callbacks, &err));
    assert_int_equal(stat(unit_path("state/ssa-hsm/pin-12_ab_Token"), &after), 0);
    assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    blocked("file 1");
}

static void unanswered(const struct token_info *info, const char *identity, bool allowed)
{
    struct pin_attempt pin;
    assert_int_equal(begins(info, identity, false, &pin), allowed);
    pin_attempt_end(&pin, PIN_UNKNOWN);
}

static void one_more_try_follows_one_without_an_answer(void **state)
{
    (void)state;
    struct pin_attempt pin;
    unanswered(&token, "file 1", true);
    unanswered(&token, "file 1", true);
    unanswered(&token, "file 1", false);
    assert_false(begins(&token, "file 1", false, &pin));
    assert_int_equal(refused, SSA_REASON_PIN_UNANSWERED);
    // A try that is none leaves it as it was.
    assert_true(begins(&token, "file 1", true, &pin));
    pin_attempt_end(&pin, PIN_NOT_TRIED);
    assert_false(begins(&token, "file 1", false, &pin));
    assert_int_equal(refused, SSA_REASON_PIN_UNANSWERED);
    // Its answer is the last word, either way.
    tried("file 2", PIN_UNKNOWN);
    tried("file 2", PIN_REFUSED);
    assert_false(begins(&token, "file 2", false, &pin));
    assert_int_equal(refused, SSA_REASON_PIN_WAS_TRIED);
    tried("file 3", PIN_UNKNOWN);
    tried("file 3", PIN_ACCEPTED);
    unanswered(&token, "file 3", true);
    unanswered(&token, "file 3", true);
    unanswered(&token, "file 3", false);
}

static void two_files_are_not_tried_in_turn(void **state)
{
    (void)state;
    struct pin_attempt pin;
    static const char *const files[] = {"/a b/pin 1 7 1.1", "/a b/pin2 1 7 1.1", "/c 1 7 1.1"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        tried(files[i], PIN_REFUSED);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        blocked(files[i]);
        assert_int_equal(refused, SSA_REASON_PIN_WAS_TRIED);
    }
    // A right one speaks for itself alone, also where it comes after one without an answer.
    tried("/a b/pin 2 7 1.2", PIN_UNKNOWN);
    blocked(files[1]);
    assert_int_equal(refused, SSA_REASON_PIN_WAS_TRIED);
    tried("/a b/pin 2 7 1.2", PIN_ACCEPTED);
    tried("/a b/pin 2 7 1.2", PIN_NOT_TRIED);
    blocked(files[1]);
    blocked(files[2]);
    assert_true(begins(&token, files[1], true, &pin));
    pin_attempt_end(&pin, PIN_ACCEPTED);
    tried(files[1], PIN_ACCEPTED);
    blocked(files[2]);
    tried("/c 2 7 1.3", PIN_ACCEPTED);
    assert_int_equal(access(unit_path("state/ssa-hsm/pin-12_ab_Token"), F_OK), -1);
}

static void there_is_room_for_some_files_and_the_latest_count(void **state)
{
    (void)state;
    char path[900], identity[PIN_RECORD_MAX];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(identity, sizeof identity, "/f%u %u 7 1.1", i, i);
        tried(identity, PIN_REFUSED);
    }
    blocked(identity);
    blocked("/f38 38 7 1.1");
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(identity, sizeof identity, "/%s%u %u 7 1.1", path, i, i);
        tried(identity, PIN_REFUSED);
        blocked(identity);
    }
}

static void a_flag_that_came_up_since_speaks_against_it(void **state)
{
    (void)state;
    struct ssa_error err;
    struct pin_attempt pin;
    unanswered(&token, "file 1", true);
    FAILS(pin_attempt_begin(&pin, &low, "file 1", false, &callbacks, &err), SSA_PIN, "has counted a wrong PIN");
    assert_string_equal(err.cause, "CKF_USER_PIN_COUNT_LOW");
    // Another's mistype, of before, does not.
    fresh(NULL);
    unanswered(&low, "file 1", true);
    unanswered(&low, "file 1", true);
    unanswered(&low, "file 1", false);
}

static void a_token_that_tells_at_once_settles_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        unanswered(&telling, "file 1", true);
    assert_int_equal(pin_attempts_count(&telling), 0);
    unanswered(&told, "file 1", false);
    // The flag was another's, so it tells nothing.
    fresh(NULL);
    unanswered(&told, "file 1", true);
    unanswered(&told, "file 1", true);
    unanswered(&told, "file 1", false);
}

static void tries_without_an_answer_count_on_a_token_that_locks_in_silence(void **state)
{
    (void)state;
    struct pin_attempt pin;
    unanswered(&silent, "file 1", true);
    assert_int_equal(pin_attempts_count(&silent), 1);
    unanswered(&silent, "file 1", true);
    assert_int_equal(pin_attempts_count(&silent), 2);
    // With another PIN they stay counted.
    assert_true(begins(&silent, "file 2", false, &pin));
    assert_int_equal(pin_attempts_count(&silent), 2); // the try that is under way is not over
    pin_attempt_end(&pin, PIN_UNKNOWN);
    assert_int_equal(pin_attempts_count(&silent), 3);
    pin_attempts_forget(&silent, false);
    assert_int_equal(pin_attempts_count(&silent), 0);
}

static bool dies_in_the_middle(void *context)
{
    struct pin_attempt pin;
    return begins(context != NULL ? context : &token, "file 1", false, &pin);
}

// Two tries of three at most, whatever kills it and however often it is started.
static void a_service_that_is_killed_at_each_login_spends_two_tries(void **state)
{
    (void)state;
    unit_in_child(dies_in_the_middle, (void *)(uintptr_t)&silent);
    unit_in_child(dies_in_the_middle, (void *)(uintptr_t)&silent);
    struct pin_attempt pin;
    for (unsigned i = 0; i < 3; i++)
        assert_false(begins(&silent, "file 1", false, &pin));
    assert_int_equal(pin_attempts_count(&silent), 2);
}

static void a_record_of_before_is_understood(void **state)
{
    (void)state;
    struct pin_attempt pin;
    (void)unit_write("state/ssa-hsm/pin-12_ab_Token", "file 1\nunanswered\n", 0600);
    assert_int_equal(chmod(unit_path("state/ssa-hsm"), 0700), 0);
    unanswered(&token, "file 1", true);
    unanswered(&token, "file 1", false);
    (void)unit_write("state/ssa-hsm/pin-12_ab_Token", "file 1\nunanswered x\n", 0600);
    assert_false(begins(&token, "file 1", false, &pin));
    (void)unit_write("state/ssa-hsm/pin-12_ab_Token", "file 1\n", 0600);
    assert_false(begins(&token, "file 1", false, &pin));
    assert_int_equal(refused, SSA_REASON_PIN_WAS_TRIED);
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
    struct pin_attempt pin;
    tried("file 1", PIN_REFUSED);
    assert_true(begins(&token, "file 1", true, &pin));
    pin_attempt_end(&pin, PIN_REFUSED);
    blocked("file 1");
}

static void a_right_pin_clears_the_record(void **state)
{
    (void)state;
    struct pin_attempt pin;
    tried("file 1", PIN_REFUSED);
    assert_true(begins(&token, "file 1", true, &pin));
    pin_attempt_end(&pin, PIN_ACCEPTED);
    tried("file 1", PIN_ACCEPTED);
    tried("file 1", PIN_NOT_TRIED);
    tried("file 1", PIN_ACCEPTED);
    assert_int_equal(access(unit_path("state/ssa-hsm/pin-12_ab_Token"), F_OK), -1);
}

static void a_login_by_a_person_clears_the_record(void **state)
{
    (void)state;
    tried("file 1", PIN_REFUSED);
    pin_attempts_forget(&token, false);
    tried("file 1", PIN_ACCEPTED);
    pin_attempts_forget(&token, false);
}

// The token failed before it looked at the PIN: the earlier wrong try is still the last that is known.
static void a_try_that_never_was_leaves_the_record_standing(void **state)
{
    (void)state;
    struct pin_attempt pin;
    tried("file 1", PIN_REFUSED);
    assert_true(begins(&token, "file 1", true, &pin));
    pin_attempt_end(&pin, PIN_NOT_TRIED);
    blocked("file 1");
}

// A key that wants a login for each signature is refused outside of begin and end.
static void a_wrong_pin_at_a_signature_is_remembered(void **state)
{
    (void)state;
    assert_true(pin_attempt_record(&token, "file 1", PIN_REFUSED, 0));
    blocked("file 1");
    tried("file 2", PIN_REFUSED);
    assert_true(pin_attempt_record(&token, "file 3", PIN_UNKNOWN, 0));
    unanswered(&token, "file 3", true);
    unanswered(&token, "file 3", false);
}

static void a_signatures_login_that_is_not_answered_again_blocks(void **state)
{
    (void)state;
    assert_true(pin_attempt_record(&token, "file 1", PIN_UNKNOWN, 1));
    unanswered(&token, "file 1", false);
}

static void a_process_that_dies_in_the_middle_leaves_the_record(void **state)
{
    (void)state;
    unit_in_child(dies_in_the_middle, NULL);
    unit_in_child(dies_in_the_middle, NULL);
    blocked("file 1");
}

// The state folder cannot be written: the record is somewhere else, and counts as it would there.
static void another_folder_serves_where_the_state_cannot_be_written(void **state)
{
    (void)state;
    struct ssa_error err;
    struct pin_attempt pin;
    assert_int_equal(setenv("XDG_STATE_HOME", "/dev/null", 1), 0);
    // Another's mistype stops nobody, for ever at that.
    for (unsigned i = 0; i < 3; i++) {
        assert_true(begins(&low, "file 1", false, &pin));
        assert_true(pin.file.fd >= 0);
        pin_attempt_end(&pin, PIN_ACCEPTED);
    }
    tried("file 1", PIN_REFUSED);
    FAILS(pin_attempt_begin(&pin, &low, "file 1", false, &callbacks, &err), SSA_PIN, "CKF_USER_PIN_COUNT_LOW");
    assert_non_null(strstr(err.detail, "XDG_STATE_HOME"));
    assert_non_null(strstr(err.detail, unit_path("run/ssa-hsm/pin-12_ab_Token")));
    // What stands there counts where the state can be written again, and ends with a right PIN.
    assert_int_equal(setenv("XDG_STATE_HOME", unit_path("state"), 1), 0);
    blocked("file 1");
    tried("file 2", PIN_ACCEPTED);
    tried("file 1", PIN_ACCEPTED);
    assert_int_equal(access(unit_path("run/ssa-hsm/pin-12_ab_Token"), F_OK), -1);
}

static bool writes_not_where_others_may(void *context)
{
    (void)context;
    unit_drop_privileges();
    struct pin_attempt pin;
    const bool allowed = begins(&token, "file 1", false, &pin);
    const bool elsewhere = strstr(pin.file.path, "/run/") == NULL;
    pin_attempt_end(&pin, PIN_ACCEPTED);
    return allowed && elsewhere;
}

static void a_folder_that_others_may_write_to_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(setenv("XDG_STATE_HOME", "/dev/null", 1), 0);
    (void)mkdir(unit_path("run/ssa-hsm"), 0700);
    assert_int_equal(chmod(unit_path("run/ssa-hsm"), 0777), 0);
    unit_in_child(writes_not_where_others_may, NULL);
    assert_int_equal(chmod(unit_path("run/ssa-hsm"), 0700), 0);
}

static bool tries_on_a_full_disk(void *context)
{
    const struct rlimit none = {0};
    struct pin_attempt pin;
    (void)context;
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &none) != 0)
        return false;
    struct ssa_error err;
    const bool allowed = pin_attempt_begin(&pin, &token, "file 1", true, &callbacks, &err) && pin.file.fd < 0;
    pin_attempt_end(&pin, PIN_REFUSED);
    // Nor is one made where the token would lock in silence.
    return allowed && !pin_attempt_begin(&pin, &low, "file 1", true, &callbacks, &err) &&
           !pin_attempt_begin(&pin, &silent, "file 1", true, &callbacks, &err);
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
    struct pin_attempt pin;
    struct ssa_error err;
    if (!pin_attempt_begin(&pin, &token, "file 1", false, &callbacks, &err)) {
        __atomic_add_fetch(&s->refused, 1, __ATOMIC_SEQ_CST);
        return;
    }
    const int inside = __atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
    if (inside > __atomic_load_n(&s->most, __ATOMIC_SEQ_CST))
        __atomic_store_n(&s->most, inside, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&s->allowed, 1, __ATOMIC_SEQ_CST);
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    __atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
    pin_attempt_end(&pin, s->refused < 0 ? PIN_ACCEPTED : PIN_REFUSED);
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
        cmocka_unit_test_setup(asking_is_no_try, fresh),
        cmocka_unit_test_setup(one_more_try_follows_one_without_an_answer, fresh),
        cmocka_unit_test_setup(two_files_are_not_tried_in_turn, fresh),
        cmocka_unit_test_setup(there_is_room_for_some_files_and_the_latest_count, fresh),
        cmocka_unit_test_setup(a_flag_that_came_up_since_speaks_against_it, fresh),
        cmocka_unit_test_setup(a_token_that_tells_at_once_settles_it, fresh),
        cmocka_unit_test_setup(tries_without_an_answer_count_on_a_token_that_locks_in_silence, fresh),
        cmocka_unit_test_setup(a_service_that_is_killed_at_each_login_spends_two_tries, fresh),
        cmocka_unit_test_setup(a_record_of_before_is_understood, fresh),
        cmocka_unit_test_setup(another_pin_file_is_another_try, fresh),
        cmocka_unit_test_setup(a_source_that_cannot_be_told_apart_stays_blocked, fresh),
        cmocka_unit_test_setup(a_person_can_allow_one_more, fresh),
        cmocka_unit_test_setup(a_right_pin_clears_the_record, fresh),
        cmocka_unit_test_setup(a_login_by_a_person_clears_the_record, fresh),
        cmocka_unit_test_setup(a_try_that_never_was_leaves_the_record_standing, fresh),
        cmocka_unit_test_setup(a_wrong_pin_at_a_signature_is_remembered, fresh),
        cmocka_unit_test_setup(a_signatures_login_that_is_not_answered_again_blocks, fresh),
        cmocka_unit_test_setup(a_process_that_dies_in_the_middle_leaves_the_record, fresh),
        cmocka_unit_test_setup(another_folder_serves_where_the_state_cannot_be_written, fresh),
        cmocka_unit_test_setup(a_folder_that_others_may_write_to_is_passed_over, fresh),
        cmocka_unit_test_setup(a_full_disk_does_not_forget_a_wrong_try, fresh),
        cmocka_unit_test_setup(a_full_disk_makes_no_wrong_try_up, fresh),
        cmocka_unit_test_setup(services_that_start_together_spend_one_try, fresh),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
