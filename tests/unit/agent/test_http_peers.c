// Who a caller is, what it may have, and how many connections.
#include "core/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/http/connections.h"
#include "agent/http/peers.h"

enum { OWN = 1000, OTHER = 1001, STRANGER = 1002 };

static void test_scopes(void **state)
{
    (void)state;
    assert_true(scope_within("data:read", "data:read"));
    assert_true(scope_within("c,a b", "a b c"));
    assert_true(scope_within(" , a,, a ", "a"));
    assert_true(scope_within("", "a"));
    assert_true(scope_within("", ""));
    assert_false(scope_within("a", ""));
    assert_false(scope_within("a b", "a"));
    assert_false(scope_within("data", "data:read"));
    assert_false(scope_within("data:read:x", "data:read"));
    assert_false(scope_within("read", "data:read"));
    assert_false(scope_within("A", "a"));
    assert_false(scope_within("a;b", "a b"));
}

static void test_rights(void **state)
{
    static const struct allowed_user allowed[] = {{.user = STRANGER + 1, .scope = "x"},
                                                  {.user = OTHER, .scope = "a b"}};
    struct peers peers = {.own = OWN, .allowed = allowed, .allowed_count = 2};
    struct caller caller = {0};
    (void)state;
    peers_know(&peers, OWN, &caller);
    assert_true(caller.rights == RIGHTS_ALL && caller.scope == NULL && caller.share == SHARE_OWN);
    peers_know(&peers, 0, &caller);
    assert_true(caller.rights == RIGHTS_ALL && caller.scope == NULL && caller.share == SHARE_ROOT);
    peers_know(&peers, OTHER, &caller);
    assert_true(caller.rights == RIGHTS_TOKENS && caller.share == SHARE_ALLOWED + 1);
    assert_string_equal(caller.scope, "a b");
    peers_know(&peers, STRANGER, &caller);
    assert_true(caller.rights == RIGHTS_NONE && caller.share == SHARE_STRANGERS);
    assert_string_equal(caller.scope, "");
    // An agent of root's own.
    peers.own = 0;
    peers_know(&peers, 0, &caller);
    assert_int_equal(caller.share, SHARE_OWN);
}

static void test_the_kernel_tells_who_it_is(void **state)
{
    const struct server_config config = {.allowed_count = 0};
    struct peers peers;
    struct caller caller;
    char here[512] = "";
    int pair[2], ends[2];
    (void)state;
    peers_init(&peers, &config);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(peers_ask(&peers, pair[0], &caller));
    assert_true(caller.has_peer && caller.uid == getuid() && caller.pid == getpid() && caller.rights == RIGHTS_ALL);
    assert_true(readlink("/proc/self/exe", here, sizeof here - 1) > 0);
    assert_string_equal(caller.executable, here);
    assert_int_equal(pipe(ends), 0);
    assert_false(peers_ask(&peers, ends[0], &caller));
    for (int i = 0; i < 2; i++) {
        (void)close(pair[i]);
        (void)close(ends[i]);
    }
}

struct world {
    struct connections connections;
    int pairs[8][2];
};

static struct connection *come(struct world *world, size_t number, size_t share, long long now)
{
    const struct caller caller = {.share = share};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, world->pairs[number]), 0);
    return connections_admit(&world->connections, world->pairs[number][0], &caller, now);
}

static bool is_ended(const struct world *world, size_t number)
{
    char byte;
    return recv(world->pairs[number][1], &byte, 1, MSG_DONTWAIT) == 0;
}

static int opened(void **state)
{
    static struct world world;
    struct ssa_error err = {0};
    const size_t shares[] = {2, 1};
    SUCCEEDS(connections_open(&world.connections, shares, 2, &err));
    for (size_t i = 0; i < 8; i++)
        world.pairs[i][0] = world.pairs[i][1] = -1;
    *state = &world;
    return 0;
}

static int closed(void **state)
{
    struct world *world = *state;
    connections_close(&world->connections);
    for (size_t i = 0; i < 8; i++)
        for (int end = 0; end < 2; end++)
            if (world->pairs[i][end] >= 0)
                (void)close(world->pairs[i][end]);
    return 0;
}

static void test_the_longest_idle_makes_room(void **state)
{
    struct world *world = *state;
    assert_non_null(come(world, 0, 0, 10));
    struct connection *older = come(world, 1, 0, 5);
    assert_non_null(older);
    // The other share is not touched.
    assert_non_null(come(world, 2, 1, 1));
    struct connection *third = come(world, 3, 0, 20);
    assert_non_null(third);
    assert_true(is_ended(world, 1));
    assert_false(is_ended(world, 0));
    assert_false(is_ended(world, 2));
    connections_leave(&world->connections, older);
    assert_null(connections_at(&world->connections, world->pairs[1][0]));
    assert_ptr_equal(connections_at(&world->connections, world->pairs[3][0]), third);
}

static void test_one_that_has_sent_something_does_not(void **state)
{
    struct world *world = *state;
    assert_non_null(come(world, 0, 0, 1));
    assert_non_null(come(world, 1, 0, 2));
    assert_int_equal(write(world->pairs[0][1], "G", 1), 1);
    assert_non_null(come(world, 2, 0, 3));
    assert_false(is_ended(world, 0));
    assert_true(is_ended(world, 1));
}

// Its socket was closed without a word, and the number is another file's: that one is left alone.
static void test_one_whose_socket_is_gone_makes_room(void **state)
{
    struct world *world = *state;
    int stranger[2];
    assert_non_null(come(world, 0, 1, 1));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stranger), 0);
    assert_int_equal(dup2(stranger[0], world->pairs[0][0]), world->pairs[0][0]);
    assert_non_null(come(world, 1, 1, 2));
    assert_int_equal(world->connections.total, 1);
    assert_int_equal(write(stranger[1], "x", 1), 1);
    (void)close(stranger[0]);
    (void)close(stranger[1]);
}

static void test_those_with_a_request_do_not(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < 2; i++) {
        struct connection *busy = come(world, i, 0, 1);
        assert_non_null(busy);
        connection_note(busy, i == 0 ? STAGE_WAITING : STAGE_ANSWERING);
    }
    assert_null(come(world, 2, 0, 2));
    assert_int_equal(world->connections.refused, 1);
    assert_int_equal(connections_busy(&world->connections), 2);
    connections_leave(&world->connections, connections_at(&world->connections, world->pairs[0][0]));
    assert_non_null(come(world, 3, 0, 2));
}

static void test_idle_ones_and_unread_answers_are_ended_in_time(void **state)
{
    struct world *world = *state;
    struct connection *idle = come(world, 0, 0, 0), *waiting = come(world, 1, 0, 0), *answered = come(world, 2, 1, 0);
    assert_true(idle != NULL && waiting != NULL && answered != NULL);
    waiting->stage = STAGE_WAITING;
    answered->stage = STAGE_ANSWERING;
    assert_int_equal(connections_sweep(&world->connections, ANSWER_MS), 3);
    assert_false(is_ended(world, 2));
    assert_int_equal(connections_sweep(&world->connections, ANSWER_MS + 1), 3);
    assert_true(is_ended(world, 2));
    assert_false(is_ended(world, 0));
    assert_int_equal(connections_sweep(&world->connections, IDLE_MS + 1), 3);
    assert_true(is_ended(world, 0));
    (void)connections_sweep(&world->connections, 1000LL * IDLE_MS);
    assert_false(is_ended(world, 1));
}

// A socket that was closed without a word has its number used again.
static void test_a_number_that_comes_again(void **state)
{
    struct world *world = *state;
    const struct caller caller = {.share = 1};
    assert_non_null(come(world, 0, 0, 1));
    assert_non_null(connections_admit(&world->connections, world->pairs[0][0], &caller, 2));
    assert_int_equal(world->connections.total, 1);
    assert_int_equal(world->connections.share[0], 0);
    assert_int_equal(world->connections.share[1], 1);
    assert_null(connections_admit(&world->connections, -1, &caller, 2));
    assert_null(connections_admit(&world->connections, 1000000, &caller, 2));
}

static bool few_descriptors(void *context)
{
    struct connections connections;
    struct ssa_error err = {0};
    const size_t shares[] = {SHARE_OWN_MAX, SHARE_USER_MAX, SHARE_STRANGERS_MAX};
    struct rlimit limit = {.rlim_cur = 600, .rlim_max = 1024};
    (void)context;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || !connections_open(&connections, shares, 3, &err))
        return false;
    const bool scaled = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 1024 &&
                        connections.numbers == 1024 && connections.share_max[0] > 330 &&
                        connections.share_max[0] < 384 && connections.share_max[1] >= 1 &&
                        connections.share_max[2] >= 1;
    connections_close(&connections);
    limit.rlim_cur = limit.rlim_max = 256;
    return scaled && setrlimit(RLIMIT_NOFILE, &limit) == 0 && !connections_open(&connections, shares, 3, &err) &&
           err.code == SSA_UNEXPECTED;
}

static void test_few_descriptors_make_small_shares(void **state)
{
    (void)state;
    unit_in_child(few_descriptors, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_the_kernel_tells_who_it_is),
        cmocka_unit_test_setup_teardown(test_the_longest_idle_makes_room, opened, closed),
        cmocka_unit_test_setup_teardown(test_one_that_has_sent_something_does_not, opened, closed),
        cmocka_unit_test_setup_teardown(test_one_whose_socket_is_gone_makes_room, opened, closed),
        cmocka_unit_test_setup_teardown(test_those_with_a_request_do_not, opened, closed),
        cmocka_unit_test_setup_teardown(test_idle_ones_and_unread_answers_are_ended_in_time, opened, closed),
        cmocka_unit_test_setup_teardown(test_a_number_that_comes_again, opened, closed),
        cmocka_unit_test(test_few_descriptors_make_small_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
