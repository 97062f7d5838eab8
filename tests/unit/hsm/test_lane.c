// Several connections to one host: what one of them meets, all do. This program is that host, too, where it is told
// what to do (ACT).
#include "core/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/monotonic.h"
#include "hsm/host/protocol.h"
#include "hsm/remote/calls.h"
#include "hsm/remote/lane.h"

enum { PATIENCE_MS = 5000, LATE_MS = 400, SOON_MS = 2500, PRINTED = 1 << 20 };

// ---- the host ----

static uint8_t packet[MESSAGE_MAX];

// The connection that came with the request.
static int hear_lane(void)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec bytes = {.iov_base = packet, .iov_len = sizeof packet};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(HOST_FD, &message, 0) <= 0 || CMSG_FIRSTHDR(&message) == NULL)
        _exit(1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void say(int fd, CK_RV rv, size_t len)
{
    const uint64_t answer[] = {ANSWER_MADE, rv};
    (void)!send(fd, answer, len, MSG_NOSIGNAL);
}

static void print_much(void)
{
    static char much[PRINTED];
    memset(much, 'm', sizeof much);
    for (size_t done = 0; done < sizeof much;) {
        const ssize_t wrote = write(STDOUT_FILENO, much + done, sizeof much - done);
        if (wrote <= 0)
            _exit(1);
        done += (size_t)wrote;
    }
}

static void act_as_host(const char *act)
{
    enum { WHOLE = 16, HALF = 12 };
    (void)alarm(20);
    const int lane = hear_lane();
    say(HOST_FD, strcmp(act, "cannot") == 0 ? CKR_CANT_LOCK : CKR_OK, WHOLE);
    if (strcmp(act, "closes it") == 0)
        (void)close(lane);
    if (recv(lane, packet, sizeof packet, 0) > 0) {
        if (strcmp(act, "exits") == 0)
            _exit(3);
        if (strcmp(act, "prints") == 0)
            print_much();
        if (strcmp(act, "is late") != 0)
            say(lane, CKR_OK, strcmp(act, "lies") == 0 ? HALF : WHOLE);
    }
    // The first connection serves on.
    while (recv(HOST_FD, packet, sizeof packet, 0) > 0)
        say(HOST_FD, CKR_OK, WHOLE);
    _exit(0);
}

// ---- the client ----

static struct remote *open_host(const char *act)
{
    static const struct ssa_callbacks nobody;
    static struct hosting hosting = {.callbacks = &nobody};
    struct ssa_error err;
    assert_int_equal(setenv("ACT", act, 1), 0);
    hosting.patience_ms = strcmp(act, "is late") == 0 ? LATE_MS : PATIENCE_MS;
    struct remote *c = remote_new("/the/module.so", &hosting, &err);
    assert_non_null(c);
    SUCCEEDS(remote_start(c, &err));
    return c;
}

static struct remote *open_lane(struct remote *c)
{
    struct remote *lane = NULL;
    assert_int_equal(remote_open_lane(c, &lane), CKR_OK);
    assert_non_null(lane);
    return lane;
}

static void a_lane_serves_beside_the_first_connection(void **state)
{
    (void)state;
    for (unsigned prints = 0; prints < 2; prints++) {
        struct remote *c = open_host(prints ? "prints" : "serves");
        struct remote *lane = open_lane(c);
        // What is printed meanwhile is taken from the pipe.
        assert_int_equal(call_close_session(lane, 1), CKR_OK);
        assert_int_equal(call_logout(c, 1), CKR_OK);
        // Its end is not the host's.
        remote_close_lane(&lane, CK_INVALID_HANDLE);
        assert_null(lane);
        assert_int_equal(call_logout(c, 1), CKR_OK);
        remote_free(&c);
    }
}

static void a_host_that_cannot_says_so_and_lives(void **state)
{
    (void)state;
    struct remote *c = open_host("cannot");
    struct remote *lane = NULL;
    assert_int_equal(remote_open_lane(c, &lane), CKR_CANT_LOCK);
    assert_null(lane);
    assert_int_equal(call_logout(c, 1), CKR_OK);
    remote_free(&c);
}

static void both_end(const char *act, CK_RV expected, const char *mention)
{
    struct ssa_error err = {0};
    const long long began = monotonic_ms();
    struct remote *c = open_host(act), *lane = open_lane(c);
    assert_int_equal(call_close_session(lane, 1), expected);
    assert_int_equal(remote_over(c), expected);
    assert_int_equal(call_logout(c, 1), expected);
    assert_true(remote_explain(c, expected, &err));
    unit_check_error(&err, SSA_ABSENT, mention, act);
    assert_true(remote_explain(lane, expected, &err));
    unit_check_error(&err, SSA_ABSENT, mention, act);
    // A lane may live longer than the host, and than its first connection.
    remote_free(&c);
    assert_int_equal(call_close_session(lane, 1), expected);
    remote_close_lane(&lane, 1);
    assert_true(monotonic_ms() - began < SOON_MS);
}

static void what_ends_one_connection_ends_all(void **state)
{
    (void)state;
    both_end("exits", CKR_HOST_GONE, "ended its process in C_CloseSession (exit status 3)");
    both_end("closes it", CKR_HOST_GONE, "ended its process in C_CloseSession (exit status 0)");
    both_end("lies", CKR_HOST_NONSENSE, "answer to C_CloseSession makes no sense");
    both_end("is late", CKR_HOST_LATE, "does not answer (C_CloseSession)");
}

static void *close_session(void *lane)
{
    return (void *)(uintptr_t)call_close_session(lane, 1); // NOLINT(performance-no-int-to-ptr)
}

static void a_call_that_waits_on_a_lane_ends_with_the_host(void **state)
{
    (void)state;
    pthread_t thread;
    void *rv = NULL;
    struct remote *c = open_host("is late"), *lane = open_lane(c);
    assert_int_equal(pthread_create(&thread, NULL, close_session, lane), 0);
    remote_stop(c);
    assert_int_equal(pthread_join(thread, &rv), 0);
    assert_int_equal((uintptr_t)rv, CKR_HOST_INTERRUPTED);
    remote_free(&c);
    remote_close_lane(&lane, CK_INVALID_HANDLE);
}

static void a_lane_of_an_old_host_does_not_talk_to_the_new_one(void **state)
{
    (void)state;
    struct ssa_error err;
    struct remote *c = open_host("serves"), *lane = open_lane(c);
    remote_stop(c);
    SUCCEEDS(remote_start(c, &err));
    struct remote *fresh = open_lane(c);
    assert_int_equal(call_close_session(lane, 1), CKR_HOST_INTERRUPTED);
    assert_int_equal(call_close_session(fresh, 1), CKR_OK);
    remote_close_lane(&lane, 1);
    remote_close_lane(&fresh, CK_INVALID_HANDLE);
    remote_free(&c);
}

int main(void)
{
    if (!unit_is_own_host(act_as_host))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_serves_beside_the_first_connection),
        cmocka_unit_test(a_host_that_cannot_says_so_and_lives),
        cmocka_unit_test(what_ends_one_connection_ends_all),
        cmocka_unit_test(a_call_that_waits_on_a_lane_ends_with_the_host),
        cmocka_unit_test(a_lane_of_an_old_host_does_not_talk_to_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
