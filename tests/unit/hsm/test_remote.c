// A host that lies, hangs or dies: an error that says so, in time, and never a wrong success. This program is that
// host, too, where it is told what to do (ACT).
#include "core/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/monotonic.h"
#include "core/text.h"
#include "hsm/host/protocol.h"
#include "hsm/remote/calls.h"

enum { PATIENCE_MS = 300, SOON_MS = 2500, SIGNATURE_BYTES = 256, MARK = 0x5a };

// ---- the host ----

static uint8_t packet[2 * MESSAGE_MAX];

static bool hear(void)
{
    return recv(HOST_FD, packet, sizeof packet, 0) > 0;
}

static void say(const void *bytes, size_t len)
{
    (void)!send(HOST_FD, bytes, len, MSG_NOSIGNAL);
}

static void say_numbers(const uint64_t *numbers, size_t count)
{
    say(numbers, count * sizeof *numbers);
}

// The first call gets a good answer, and the second what the act says.
static void answer_second(const char *act)
{
    static const uint64_t done[] = {ANSWER_MADE, CKR_OK};
    static const uint64_t short_signature[] = {ANSWER_MADE, CKR_OK, SIGNATURE_BYTES, 0};
    static const uint64_t unlike_lengths[] = {ANSWER_MADE, CKR_OK, SIGNATURE_BYTES, 8, 0};
    static const uint64_t not_lacking[] = {ANSWER_LACKS, CKR_OK};
    static const uint64_t own_value[] = {ANSWER_MADE, CKR_HOST_GONE};
    static const uint64_t kind[] = {ANSWER_KINDS, CKR_OK};
    if (strcmp(act, "signature without bytes") == 0)
        say_numbers(short_signature, 4);
    else if (strcmp(act, "signature with fewer bytes") == 0)
        say_numbers(unlike_lengths, 5);
    else if (strcmp(act, "lacks and did it") == 0)
        say_numbers(not_lacking, 2);
    else if (strcmp(act, "the client's own value") == 0)
        say_numbers(own_value, 2);
    else if (strcmp(act, "unknown kind") == 0)
        say_numbers(kind, 2);
    else if (strcmp(act, "half a number") == 0)
        say(done, 12);
    else if (strcmp(act, "oversized") == 0)
        say(packet, MESSAGE_MAX + 8);
    else if (strcmp(act, "empty") == 0)
        say(done, 0);
    else
        say_numbers(done, 2);
}

static void act_as_host(const char *act)
{
    static const uint64_t done[] = {ANSWER_MADE, CKR_OK};
    // A test that fails leaves nobody behind.
    (void)alarm(20);
    const bool eager = strcmp(act, "answers before it is asked") == 0;
    for (size_t i = 0; eager && i < 16; i++)
        say_numbers(done, 2);
    if (strcmp(act, "exits") == 0)
        _exit(3);
    while (!eager && hear()) {
        say_numbers(done, 2);
        if (strcmp(act, "answers twice") == 0)
            say_numbers(done, 2);
        if (!hear() || strcmp(act, "closes and lives") == 0)
            break;
        if (strcmp(act, "dies by a signal without a name") == 0)
            (void)raise(SIGRTMIN);
        if (strcmp(act, "crashes") == 0)
            (void)raise(SIGKILL);
        if (strcmp(act, "never answers") != 0)
            answer_second(act);
    }
    if (strcmp(act, "closes and lives") == 0)
        (void)close(HOST_FD);
    // Whatever becomes of the other end.
    for (;;)
        (void)pause();
}

// ---- the client ----

static struct remote *open_host(const char *act)
{
    static const struct ssa_callbacks nobody;
    static const struct hosting hosting = {.callbacks = &nobody, .patience_ms = PATIENCE_MS};
    struct ssa_error err;
    assert_int_equal(setenv("ACT", act, 1), 0);
    struct remote *c = remote_new("/the/module.so", &hosting, &err);
    assert_non_null(c);
    SUCCEEDS(remote_start(c, &err));
    return c;
}

static CK_RV sign(struct remote *c)
{
    uint8_t signature[SIGNATURE_BYTES];
    CK_ULONG len = sizeof signature;
    memset(signature, MARK, sizeof signature);
    const CK_RV rv = call_sign(c, 1, (const uint8_t *)"x", 1, signature, &len);
    // What was not told is not there.
    assert_int_equal(signature[0], MARK);
    return rv;
}

// After a first call that may succeed: a signature.
static void fails(const char *act, CK_RV expected, const char *mention, const char *cause)
{
    struct ssa_error err = {0};
    const long long began = monotonic_ms();
    struct remote *c = open_host(act);
    CK_RV rv = call_logout(c, 1);
    rv = rv == CKR_OK ? sign(c) : rv;
    if (rv != expected)
        fail_msg("%s: 0x%lx instead of 0x%lx", act, rv, expected);
    assert_int_equal(remote_over(c), expected);
    // Nothing more is asked of it.
    assert_int_equal(call_logout(c, 1), expected);
    assert_true(remote_explain(c, rv, &err));
    unit_check_error(&err, SSA_ABSENT, mention, act);
    assert_string_equal(err.cause, cause);
    assert_string_equal(err.subject, "/the/module.so");
    remote_free(&c);
    assert_true(monotonic_ms() - began < SOON_MS);
}

static void one_that_ends_is_told_with_its_end(void **state)
{
    (void)state;
    fails("exits", CKR_HOST_GONE, "ended its process in C_Logout (exit status 3)", "");
    fails("crashes", CKR_HOST_GONE, "crashed in C_Sign", "KILL");
    fails("dies by a signal without a name", CKR_HOST_GONE, "crashed in C_Sign", "signal 34");
}

// Its end is not waited for.
static void one_that_closes_its_connection_and_lives_is_ended(void **state)
{
    (void)state;
    fails("closes and lives", CKR_HOST_GONE, "closed its connection in C_Sign", "");
    fails("empty", CKR_HOST_GONE, "closed its connection in C_Sign", "");
}

static void one_that_never_answers_is_late(void **state)
{
    (void)state;
    fails("never answers", CKR_HOST_LATE, "does not answer (C_Sign)", "");
}

static void an_answer_that_was_not_asked_for_is_none(void **state)
{
    (void)state;
    fails("answers twice", CKR_HOST_NONSENSE, "answer to C_Sign makes no sense", "");
    fails("answers before it is asked", CKR_HOST_NONSENSE, "makes no sense", "");
}

static void what_is_not_whole_is_no_success(void **state)
{
    (void)state;
    static const char *const acts[] = {"signature without bytes",
                                       "lacks and did it",
                                       "the client's own value",
                                       "signature with fewer bytes",
                                       "unknown kind",
                                       "half a number",
                                       "oversized",
                                       "too short"};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        fails(acts[i], CKR_HOST_NONSENSE, "answer to C_Sign makes no sense", "");
}

int main(void)
{
    if (!unit_is_own_host(act_as_host))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ends_is_told_with_its_end),
        cmocka_unit_test(one_that_closes_its_connection_and_lives_is_ended),
        cmocka_unit_test(one_that_never_answers_is_late),
        cmocka_unit_test(an_answer_that_was_not_asked_for_is_none),
        cmocka_unit_test(what_is_not_whole_is_no_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
