#include "agent/link/pin_socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/link/question.h"
#include "core/callback.h"
#include "core/descriptor.h"
#include "core/peer.h"
#include "core/text.h"

enum { LOOK_UP_MS = 100 };

static bool is_gone(struct ssa_error *err)
{
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer has closed the connection");
}

// Whoever else listens there would be given the PIN.
static bool is_own(int fd, const char *path, struct ssa_error *err)
{
    struct ucred peer;
    if (!peer_of(fd, &peer))
        return error_errno(err, SSA_UNEXPECTED, errno, path, "it is not known who listens there");
    return peer.uid == geteuid() ||
           error_because(err, SSA_CONFIG, SSA_REASON_OTHER_OWNER, path, "another user's process listens there");
}

// Returns -1 with err filled.
static int connect_to(const char *path, struct ssa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_format(address.sun_path, sizeof address.sun_path, "%s", path)) {
        error_set(err, SSA_CONFIG, NULL, path, "is too long for the path of a socket");
        return -1;
    }
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error_errno(err, SSA_UNEXPECTED, errno, NULL, "no socket can be made");
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        error_errno(err, SSA_ABSENT, errno, path, "no signer listens there");
        return -1;
    }
    return is_own(fd, path, err) ? descriptor_keep(&fd) : -1;
}

// A question, or the end, whose time the signer knows.
static bool receive(int fd, const struct ssa_callbacks *callbacks, struct question *q, struct ssa_error *err)
{
    uint8_t message[QUESTION_MESSAGE_MAX];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (poll(&ready, 1, LOOK_UP_MS) <= 0) {
        if (!callback_go_on(callbacks, err))
            return false;
        callback_waiting(callbacks, SSA_WAIT_TOKEN, NULL, -1);
    }
    ssize_t got = recv(fd, message, sizeof message, MSG_TRUNC | MSG_DONTWAIT);
    // A reply that it never read resets the connection. What it had said before is there.
    if (got < 0 && errno == ECONNRESET)
        got = recv(fd, message, sizeof message, MSG_TRUNC | MSG_DONTWAIT);
    if (got <= 0)
        return is_gone(err);
    struct reader r = {.data = message, .len = (size_t)got <= sizeof message ? (size_t)got : 0};
    return get_question(&r, q) || error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer's question makes no sense");
}

static bool send_reply(int fd, const struct reply *reply, struct ssa_error *err)
{
    SECRET_AUTO message = {0};
    if (!secret_new(&message, REPLY_TEXT_MAX + 64, err))
        return false;
    struct writer w = {.data = message.data, .capacity = message.capacity};
    put_reply(&w, reply);
    if (w.overflow)
        return error_set(err, SSA_PIN, NULL, NULL, "what was typed is too long");
    // Where the signer has given up waiting, what it said last is read next.
    (void)!send(fd, w.data, w.len, MSG_NOSIGNAL);
    return true;
}

// *failed becomes why there was no answer, which the signer cannot know.
static bool answer_secret(int fd, const struct question *q, const struct ssa_callbacks *callbacks,
                          struct ssa_error *failed, struct ssa_error *err)
{
    SECRET_AUTO typed = {0};
    if (!secret_new(&typed, REPLY_TEXT_MAX, err))
        return false;
    struct reply reply = {.number = q->number};
    if (callbacks->ask_secret == NULL)
        error_because(failed, SSA_PIN, SSA_REASON_NOBODY_FOR_PIN, NULL, "there is nobody to ask for the PIN");
    else
        reply.given = callback_ask_secret(callbacks, q->text, &typed, failed);
    if (reply.given)
        reply.text = secret_span(&typed);
    return send_reply(fd, &reply, err);
}

static bool answer_confirm(int fd, const struct question *q, const struct ssa_callbacks *callbacks,
                           struct ssa_error *err)
{
    const struct reply reply = {.number = q->number, .given = callback_confirms(callbacks, "%s", q->text)};
    return send_reply(fd, &reply, err);
}

static void pass_on(const struct question *q, const struct ssa_callbacks *callbacks)
{
    tell_reason(callbacks, q->level, q->reason, q->detail, "%s", q->text);
}

static bool converse(int fd, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    struct question q;
    struct ssa_error failed = {0};
    bool going_on = true;
    while (going_on) {
        if (!receive(fd, callbacks, &q, err))
            return false;
        switch (q.kind) {
        case QUESTION_SECRET:
            going_on = answer_secret(fd, &q, callbacks, &failed, err);
            break;
        case QUESTION_CONFIRM:
            going_on = answer_confirm(fd, &q, callbacks, err);
            break;
        case QUESTION_NOTICE:
            pass_on(&q, callbacks);
            break;
        case QUESTION_OPEN:
            return true;
        default:
            *err = failed.code != SSA_OK ? failed : q.err;
            return false;
        }
    }
    return false;
}

bool pin_socket_unlock(const char *path, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    DESCRIPTOR_AUTO fd = connect_to(path, err);
    return fd >= 0 && converse(fd, callbacks, err);
}
