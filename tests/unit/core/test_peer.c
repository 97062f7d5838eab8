// Who has the other end of a socket.
#include "core/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/peer.h"

static void a_socket_s_peer_is_known(void **state)
{
    (void)state;
    struct ucred peer;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_true(peer_of(ends[0], &peer));
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

// Least of all root, whose number zeros would be.
static void what_has_no_peer_has_nobody_s(void **state)
{
    (void)state;
    struct ucred peer = {0};
    DESCRIPTOR_AUTO null = open("/dev/null", O_RDONLY | O_CLOEXEC),
                    inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_false(peer_of(null, &peer));
    assert_int_equal(errno, ENOTSOCK);
    assert_int_equal(peer.uid, (uid_t)-1);
    peer = (struct ucred){0};
    (void)peer_of(inet, &peer);
    assert_int_equal(peer.uid, (uid_t)-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_s_peer_is_known),
        cmocka_unit_test(what_has_no_peer_has_nobody_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
