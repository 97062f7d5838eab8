#include "hsm/host/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/memory_lock.h"
#include "core/monotonic.h"
#include "core/wipe.h"

void talk_protect(struct talk *t)
{
    (void)memory_lock(t, sizeof *t);
    (void)madvise(t, sizeof *t, MADV_DONTDUMP);
}

// The descriptor that came with a request, or -1.
static int passed(struct msghdr *message)
{
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, PEER_LEAST);
    if (moved < 0)
        return fd;
    (void)close(fd);
    return moved;
}

static ssize_t receive(struct talk *t, int how)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec bytes = {.iov_base = t->request, .iov_len = sizeof t->request};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    const ssize_t got = recvmsg(t->peer, &message, MSG_TRUNC | MSG_CMSG_CLOEXEC | how);
    t->host.passed = got > 0 ? passed(&message) : -1;
    return got;
}

static bool looks_on(const struct talk *t)
{
    return busy_wait_host_pays(&t->busy_wait, monotonic_ns()) && busy_wait_may();
}

// This thread counts as one with a call under way while it looks for the next one.
static ssize_t hear(struct talk *t)
{
    ssize_t got = -1;
    bool nothing = true;
    while (nothing && looks_on(t)) {
        got = receive(t, MSG_DONTWAIT);
        nothing = got < 0 && errno == EAGAIN;
    }
    if (nothing) {
        busy_wait_end();
        got = receive(t, 0);
        busy_wait_begin();
    }
    busy_wait_host_heard(&t->busy_wait, monotonic_ns());
    return got;
}

// What was said, and what the call has left on the stack and in the registers.
static void forget(struct talk *t, size_t request, size_t answer)
{
    secret_wipe(t->request, request);
    secret_wipe(t->answer, answer);
    secret_wipe(t->host.scratch, t->host.used);
    secret_wipe_stack();
}

static bool talk_once(struct talk *t)
{
    const pid_t own = getpid();
    const ssize_t got = hear(t);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    struct writer answer = {.data = t->answer, .capacity = sizeof t->answer};
    // One that was too long is refused, as an empty one is.
    const size_t len = (size_t)got <= sizeof t->request ? (size_t)got : 0;
    host_serve(&t->host, span_of(t->request, len), &answer);
    // A module that forks comes back twice. One answers.
    if (getpid() != own)
        _exit(0);
    if (t->host.passed >= 0)
        (void)close(t->host.passed);
    const bool sent = send(t->peer, answer.data, answer.len, MSG_NOSIGNAL) == (ssize_t)answer.len;
    t->busy_wait.answered = t->host.signed_at_once ? monotonic_ns() : 0;
    forget(t, len > 0 ? len : sizeof t->request, answer.len);
    return sent && !t->host.finalised;
}

void talk_on(struct talk *t)
{
    busy_wait_begin();
    while (talk_once(t))
        continue;
    busy_wait_end();
}
