#include "agent/client/client.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/client/head.h"
#include "core/callback.h"
#include "core/descriptor.h"
#include "core/monotonic.h"
#include "core/peer.h"
#include "core/text.h"

// A listener whose queue is full is tried again after so long.
enum { SLICE_MS = 200, QUEUE_FULL_MS = 10, SOCKET_PATH_MAX = sizeof((struct sockaddr_un *)0)->sun_path };

struct asking {
    const char *path;
    int fd;
    long long until; // by monotonic_ms
    unsigned timeout_ms;
    const struct ssa_callbacks *callbacks;
};

void agent_answer_free(struct agent_answer *answer)
{
    secret_free(&answer->body);
}

static bool nobody_listens(const char *path, int number, struct ssa_error *err)
{
    error_errno(err, SSA_ABSENT, number, path, "no agent answers there");
    return error_reason(err, SSA_REASON_AGENT_GONE, "%s", path);
}

// Whether there is time left, and nobody wants to stop. *left becomes the milliseconds until the next look.
static bool go_on(const struct asking *a, int *left, struct ssa_error *err)
{
    const long long rest = a->until - monotonic_ms();
    callback_waiting(a->callbacks, SSA_WAIT_AGENT, a->path, -1);
    if (callback_interrupted(a->callbacks))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    *left = rest < SLICE_MS ? (int)rest : SLICE_MS;
    return rest > 0 || error_because(err, SSA_NETWORK, SSA_REASON_TIMEOUT, a->path,
                                     "the agent did not answer within %u s", a->timeout_ms / 1000);
}

// Waits until the socket can be read or written, or is closed.
static bool wait_for(const struct asking *a, short events, struct ssa_error *err)
{
    for (int left = 0;;) {
        struct pollfd socket = {.fd = a->fd, .events = events};
        if (!go_on(a, &left, err))
            return false;
        const int ready = poll(&socket, 1, left);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
    }
}

static bool connect_to(const struct asking *a, struct ssa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_format(address.sun_path, sizeof address.sun_path, "%s", a->path))
        return error_errno(err, SSA_CONFIG, ENAMETOOLONG, a->path, "a socket's path has at most %d bytes",
                           SOCKET_PATH_MAX - 1);
    for (int left = 0; connect(a->fd, (const struct sockaddr *)&address, sizeof address) != 0;) {
        if (errno != EAGAIN && errno != EINTR)
            return nobody_listens(a->path, errno, err);
        // Its queue is full. poll(2) does not tell when there is room.
        if (!go_on(a, &left, err))
            return false;
        pause_ms(left < QUEUE_FULL_MS ? (unsigned)left : QUEUE_FULL_MS);
    }
    return true;
}

bool agent_is_trusted(uid_t listener, uid_t user, const struct stat *socket, const struct stat *folder)
{
    if (listener == user || listener == 0)
        return true;
    const bool folder_is_kept = (folder->st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
                                (folder->st_uid == listener || folder->st_uid == user || folder->st_uid == 0);
    return socket->st_uid == listener && folder_is_kept;
}

// Whoever has put a socket there could hand out access tokens of an account of their own, and get what is then
// uploaded.
static bool check_listener(const struct asking *a, struct ssa_error *err)
{
    struct ucred listener;
    struct stat socket = {0}, folder = {0};
    char copy[SOCKET_PATH_MAX];
    if (!peer_of(a->fd, &listener))
        return error_errno(err, SSA_ABSENT, errno, a->path, "it is not known who listens there");
    if (listener.uid == geteuid() || listener.uid == 0)
        return true;
    if (!text_format(copy, sizeof copy, "%s", a->path) || lstat(a->path, &socket) != 0 ||
        lstat(dirname(copy), &folder) != 0 || !agent_is_trusted(listener.uid, geteuid(), &socket, &folder)) {
        error_set(err, SSA_ABSENT, NULL, a->path, "user %u listens there, and is not trusted", (unsigned)listener.uid);
        return error_hint(err, "The folder of another user's agent must belong to that user or to root, and nobody "
                               "else may write to it.");
    }
    return true;
}

static bool closed(const struct asking *a, struct ssa_error *err)
{
    return error_set(err, SSA_NETWORK, NULL, a->path, "the agent closed the connection before its answer was whole");
}

static bool send_all(const struct asking *a, struct span text, struct ssa_error *err)
{
    while (text.len > 0) {
        const ssize_t sent = send(a->fd, text.data, text.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            text = span_of(text.data + sent, text.len - (size_t)sent);
            continue;
        }
        // One that refuses early has closed its end, and its answer can still be read.
        if (errno == EPIPE || errno == ECONNRESET)
            return true;
        if (errno != EAGAIN && errno != EINTR)
            return error_errno(err, SSA_NETWORK, errno, a->path, "the request cannot be sent");
        if (!wait_for(a, POLLOUT, err))
            return false;
    }
    return true;
}

static bool send_request(const struct asking *a, const char *method, const char *target, struct ssa_error *err)
{
    char *text = NULL;
    const bool post = strcmp(method, "POST") == 0;
    const int len = asprintf(&text,
                             "%s %s HTTP/1.1\r\nHost: agent\r\nUser-Agent: ssa-hsm/" SSA_HSM_VERSION
                             "\r\nAccept: application/json\r\nConnection: close\r\n%s\r\n",
                             method, target, post ? "Content-Length: 0\r\n" : "");
    if (len < 0)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a request");
    const bool sent = send_all(a, span_of(text, (size_t)len), err);
    free(text);
    return sent;
}

// Appends what is there, or waits for more. Fails at the end of the stream.
static bool receive(const struct asking *a, struct secret *into, struct ssa_error *err)
{
    for (;;) {
        const ssize_t got = recv(a->fd, into->data + into->len, into->capacity - into->len, 0);
        if (got > 0) {
            into->len += (size_t)got;
            into->data[into->len] = 0;
            return true;
        }
        if (got == 0 || errno == ECONNRESET || errno == EPIPE)
            return closed(a, err);
        if (errno != EAGAIN && errno != EINTR)
            return error_errno(err, SSA_NETWORK, errno, a->path, "the agent's answer cannot be read");
        if (!wait_for(a, POLLIN, err))
            return false;
    }
}

static bool unusable(const struct asking *a, const char *why, struct ssa_error *err)
{
    return error_set(err, SSA_NETWORK, NULL, a->path, "what listens there is no agent: its answer %s", why);
}

static bool read_head(const struct asking *a, struct secret *received, struct agent_head *head, struct ssa_error *err)
{
    struct ssa_error why = {0};
    enum head_end end;
    while ((end = agent_head_read(secret_span(received), head, &why)) == HEAD_MORE)
        if (!receive(a, received, err))
            return false;
    return end == HEAD_WHOLE || unusable(a, why.what, err);
}

// The body has a buffer of just its length.
static bool read_body(const struct asking *a, const struct secret *received, const struct agent_head *head,
                      struct secret *body, struct ssa_error *err)
{
    const struct span begun = span_of(received->data + head->len, received->len - head->len);
    if (!secret_new(body, head->body, err))
        return false;
    if (!secret_append(body, begun))
        return unusable(a, "is longer than it says", err);
    while (body->len < head->body)
        if (!receive(a, body, err))
            return false;
    return true;
}

static bool read_answer(const struct asking *a, struct agent_answer *answer, struct ssa_error *err)
{
    SECRET_AUTO received = {0};
    struct agent_head head;
    if (!secret_new(&received, AGENT_HEAD_MAX, err))
        return false;
    if (!read_head(a, &received, &head, err) || !read_body(a, &received, &head, &answer->body, err)) {
        agent_answer_free(answer);
        return false;
    }
    answer->status = head.status;
    answer->retry_after = head.retry_after;
    return true;
}

bool agent_ask(const char *path, const char *method, const char *target, unsigned timeout_ms,
               const struct ssa_callbacks *callbacks, struct agent_answer *answer, struct ssa_error *err)
{
    *answer = (struct agent_answer){0};
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "no socket can be made");
    const struct asking asking = {
        .path = path, .fd = fd, .until = monotonic_ms() + timeout_ms, .timeout_ms = timeout_ms, .callbacks = callbacks};
    return connect_to(&asking, err) && check_listener(&asking, err) && send_request(&asking, method, target, err) &&
           read_answer(&asking, answer, err);
}
