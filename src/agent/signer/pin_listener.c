#include "agent/signer/pin_listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/peer.h"
#include "core/text.h"

enum { BACKLOG = 4 };

int pin_listener_open(const char *path, struct file_mark *file, struct ssa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_format(address.sun_path, sizeof address.sun_path, "%s", path)) {
        error_set(err, SSA_CONFIG, NULL, path, "is too long for the path of a socket");
        return -1;
    }
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // The socket of a signer that was killed is left.
    (void)unlink(path);
    const mode_t before = umask(0177);
    const bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    const int number = errno;
    (void)umask(before);
    if (!bound || listen(fd, BACKLOG) != 0) {
        error_errno(err, SSA_UNEXPECTED, bound ? errno : number, path, "a socket for the PIN cannot be made there");
        return -1;
    }
    (void)file_mark_path(path, file);
    return descriptor_keep(&fd);
}

int pin_listener_take(int listener)
{
    struct ucred peer;
    DESCRIPTOR_AUTO fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || !peer_of(fd, &peer) || peer.uid != geteuid())
        return -1;
    return descriptor_keep(&fd);
}

bool pin_listener_say(int fd, const struct question *q)
{
    uint8_t message[QUESTION_MESSAGE_MAX];
    struct writer w = {.data = message, .capacity = sizeof message};
    put_question(&w, q);
    return !w.overflow && send(fd, w.data, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.len;
}

void pin_listener_turn_away(int listener)
{
    struct question q = {.kind = QUESTION_FAILED};
    DESCRIPTOR_AUTO fd = pin_listener_take(listener);
    if (fd < 0)
        return;
    error_set(&q.err, SSA_PIN, NULL, NULL, "somebody else is unlocking it just now");
    (void)pin_listener_say(fd, &q);
}
