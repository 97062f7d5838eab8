// One request to the host, and its answer.
#include "hsm/remote/exchange.h"

#include <poll.h>
#include <sys/socket.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "hsm/remote/call_name.h"
#include "hsm/remote/connection.h"

enum { LOOK_UP_MS = 50, WAITING_MS = 1000, GRACE_MS = 300, SIGNING_GRACE_MS = 1000, WRITING_GRACE_MS = 3000 };

// The time that is left until the next thing that has to be done.
static int time_left(long long until, long long waiting_at)
{
    const long long now = monotonic_ms();
    long long left = until - now;
    if (waiting_at > now && waiting_at - now < left)
        left = waiting_at - now;
    return left < 0 ? 0 : left < LOOK_UP_MS ? (int)left : LOOK_UP_MS;
}

// A call that was interrupted may come to its end: above all one that changes something on the token, which
// else would be left half done.
static long long grace(const struct remote *c)
{
    switch (c->asked) {
    case CALL_CREATE_OBJECT:
    case CALL_DESTROY_OBJECT:
    case CALL_SET_ATTRIBUTE_VALUE:
    case CALL_GENERATE_KEY_PAIR:
    case CALL_UNWRAP_KEY:
        return WRITING_GRACE_MS;
    // Then the session can be closed, and the card logged out.
    case CALL_LOGIN:
    case CALL_SIGN:
    case CALL_SIGN_AT_ONCE:
        return SIGNING_GRACE_MS;
    default:
        return GRACE_MS;
    }
}

static enum ssa_wait awaited(const struct remote *c)
{
    if (c->waiting != NULL)
        return SSA_WAIT_TOUCH;
    if (c->asked == CALL_GENERATE_KEY_PAIR)
        return SSA_WAIT_KEY_PAIR;
    if (c->asked == CALL_LOGIN && c->at_pad)
        return SSA_WAIT_PIN_PAD;
    return c->label[0] != '\0' ? SSA_WAIT_TOKEN : SSA_WAIT_MODULE;
}

static void tell_waiting(const struct remote *c)
{
    const enum ssa_wait what = awaited(c);
    callback_waiting(c->callbacks, what, what == SSA_WAIT_MODULE ? c->path : c->label, -1);
}

// The same as poll, for the time in which a signature's answer is expected: to be woken then would take longer. Gives 0
// where it has not come.
static int look_for_signature(const struct remote *c, long long sent, struct pollfd *fds, nfds_t count)
{
    struct busy_wait_window window;
    if (c->asked != CALL_SIGN_AT_ONCE || !busy_wait_caller_pays(&c->busy_wait, &window) || !busy_wait_may())
        return 0;
    const long long left = sent + window.from - monotonic_ns();
    const struct timespec sleep = {.tv_nsec = left};
    int ready = left > 0 ? ppoll(fds, count, &sleep, NULL) : 0;
    while (ready == 0 && monotonic_ns() < sent + window.until)
        ready = poll(fds, count, 0);
    return ready;
}

// Waits for an answer. The process is looked at, too: a child of the module's may keep the socket open. A host that
// does not answer in time, or soon after an interruption, is ended here with all its connections, and nothing is read
// of it any more: so an answer that comes late is never taken for one to another call.
static bool answered(struct remote *c, long long sent, long long until)
{
    bool interrupted = false;
    long long waiting_at = c->waiting != NULL ? monotonic_ms() + WAITING_MS : 0;
    for (bool first = true; remote_over(c) == CKR_OK; first = false) {
        struct pollfd fds[] = {{.fd = c->socket, .events = POLLIN},
                               {.fd = c->process, .events = POLLIN},
                               {.fd = c->output, .events = POLLIN}};
        int ready = first ? look_for_signature(c, sent, fds, COUNT(fds)) : 0;
        if (ready == 0)
            ready = poll(fds, COUNT(fds), time_left(until, waiting_at));
        if (ready > 0 && fds[2].revents != 0 && !hosted_hear(c->host, c->callbacks))
            c->output = -1;
        if (ready > 0 && (fds[0].revents & POLLIN) != 0)
            return true;
        if (ready > 0 && (fds[0].revents != 0 || fds[1].revents != 0))
            connection_end(c, CKR_HOST_GONE);
        else if (monotonic_ms() >= until)
            connection_end(c, interrupted ? CKR_HOST_INTERRUPTED : CKR_HOST_LATE);
        else if (!interrupted && !c->deaf && callback_interrupted(c->callbacks)) {
            interrupted = true;
            const long long end = monotonic_ms() + grace(c);
            until = end < until ? end : until;
        } else if (waiting_at != 0 && monotonic_ms() >= waiting_at) {
            waiting_at = 0;
            c->waiting(c->waiting_context);
        }
        if (ready == 0 && remote_over(c) == CKR_OK)
            tell_waiting(c);
    }
    return false;
}

struct writer remote_begin(struct remote *c, enum call_number number)
{
    (void)pthread_mutex_lock(&c->lock);
    struct writer w = {.data = c->message.data, .capacity = c->message.capacity};
    put_number(&w, number);
    c->asked = number;
    c->at_pad = false;
    return w;
}

static CK_RV read_head(struct remote *c, struct reader *answer)
{
    const uint64_t kind = get_number(answer, ANSWER_KINDS - 1);
    const CK_RV rv = get_number(answer, UINT64_MAX);
    const bool lacks = kind == ANSWER_LACKS;
    if (answer->bad || kind == ANSWER_REFUSED || (rv >= CKR_HOST_GONE && rv <= CKR_HOST_NONSENSE) ||
        (lacks && rv != CKR_FUNCTION_NOT_SUPPORTED))
        return remote_nonsense(c);
    c->left_out = lacks ? call_name(c->asked) : c->left_out;
    return rv;
}

// With the descriptor that is passed on, if there is one. There is room, since nothing else is under way.
static bool send_now(struct remote *c, const struct writer *request)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec bytes = {.iov_base = request->data, .iov_len = request->len};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (c->passed >= 0) {
        memcpy(CMSG_DATA(&control.head), &c->passed, sizeof c->passed);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    return sendmsg(c->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)request->len;
}

// What comes before it is asked for is no answer to it.
static void send_request(struct remote *c, const struct writer *request)
{
    struct pollfd fd = {.fd = c->socket, .events = POLLIN};
    if (poll(&fd, 1, 0) > 0 && (fd.revents & (POLLIN | POLLHUP)) == POLLIN)
        connection_end(c, CKR_HOST_NONSENSE);
    else if (!send_now(c, request))
        connection_end(c, CKR_HOST_GONE);
}

void remote_post(struct remote *c, const struct writer *request)
{
    c->message.len = request->len;
    if (remote_over(c) == CKR_OK && !request->overflow)
        (void)send_now(c, request);
}

CK_RV remote_send(struct remote *c, const struct writer *request)
{
    const CK_RV over = remote_over(c);
    if (over != CKR_OK || request->overflow)
        return over != CKR_OK ? over : CKR_ARGUMENTS_BAD;
    c->message.len = request->len;
    send_request(c, request);
    return remote_over(c);
}

CK_RV remote_answer(struct remote *c, long long most_ms, struct reader *answer)
{
    *answer = (struct reader){.bad = true};
    secret_wipe(c->message.data, c->message.len);
    const long long sent = monotonic_ns();
    busy_wait_begin();
    const bool there = answered(c, sent, monotonic_ms() + most_ms);
    busy_wait_end();
    if (!there)
        return remote_over(c);
    if (c->asked == CALL_SIGN_AT_ONCE)
        busy_wait_caller_took(&c->busy_wait, monotonic_ns() - sent);
    const ssize_t got = recv(c->socket, c->message.data, c->message.capacity, MSG_TRUNC | MSG_DONTWAIT);
    c->message.len = got > 0 && (size_t)got <= c->message.capacity ? (size_t)got : 0;
    if (c->message.len == 0) {
        // One that ended before it had read the request has reset the connection.
        connection_end(c, got <= 0 ? CKR_HOST_GONE : CKR_HOST_NONSENSE);
        return remote_over(c);
    }
    *answer = (struct reader){.data = c->message.data, .len = c->message.len};
    return read_head(c, answer);
}

CK_RV remote_ask(struct remote *c, const struct writer *request, long long most_ms, struct reader *answer)
{
    const CK_RV rv = remote_send(c, request);
    if (rv == CKR_OK)
        return remote_answer(c, most_ms, answer);
    *answer = (struct reader){.bad = true};
    return rv;
}

CK_RV remote_nonsense(struct remote *c)
{
    connection_end(c, CKR_HOST_NONSENSE);
    return remote_over(c);
}

void remote_end(struct remote *c)
{
    secret_wipe(c->message.data, c->message.len);
    c->message.len = 0;
    (void)pthread_mutex_unlock(&c->lock);
}
