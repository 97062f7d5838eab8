#include "agent/signer/serve.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/signer/login.h"
#include "config/settings.h"
#include "core/callback.h"
#include "oauth/jwt.h"

static void send_message(struct signer_process *p, struct writer *w)
{
    // There is room, since the agent waits for it. One that does not is gone.
    if (w->overflow || send(p->agent, w->data, w->len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w->len)
        p->over = true;
    secret_wipe(w->data, w->len);
}

static void send_answer(struct signer_process *p, struct link_answer *answer)
{
    struct writer w = {.data = p->message.data, .capacity = p->message.capacity};
    answer->number = p->number;
    answer->status = p->status;
    link_put_answer(&w, answer);
    send_message(p, &w);
}

void serve_stage(struct signer_process *p, enum link_stage stage)
{
    struct writer w = {.data = p->message.data, .capacity = p->message.capacity};
    const struct link_answer answer = {.number = p->number, .stage = stage};
    // Nobody waits for an answer while a person unlocks it.
    if (!p->answers)
        return;
    link_put_answer(&w, &answer);
    send_message(p, &w);
}

// False where the agent has gone, or says what makes no sense.
static bool receive(struct signer_process *p, struct link_request *request)
{
    const ssize_t got = recv(p->agent, p->message.data, p->message.capacity, MSG_TRUNC | MSG_DONTWAIT);
    struct reader r = {.data = p->message.data, .len = got > 0 && (size_t)got <= p->message.capacity ? (size_t)got : 0};
    const bool read = got > 0 && link_get_request(&r, request);
    p->over = p->over || !read;
    p->number = read ? request->number : 0;
    return read;
}

static bool sign(struct signer_process *p, const struct link_request *request, struct secret *out,
                 struct ssa_error *err)
{
    const struct ssa_token_request wanted = {.scope = request->scope[0] != '\0' ? request->scope : NULL,
                                             .lifetime = request->lifetime,
                                             .not_before = request->not_before};
    struct assertion a;
    if (!login_make(p, err) || !assertion_prepare(&a, &p->handle->run, &wanted, err) ||
        !secret_new(out, jwt_room(&a.claims), err))
        return false;
    if (handle_assertion(p->handle, &a, out, err)) {
        p->status.state = SIGNER_OPEN;
        p->status.signatures++;
        return true;
    }
    secret_free(out);
    login_note_failure(p, err);
    return false;
}

// Another PKCS#11 token than the key's is opened for this alone, with its own PIN.
static bool read_secret(struct signer_process *p, struct ssa_error *err)
{
    struct ssa_signer *handle = p->handle;
    if (!client_secret_begin(&handle->run, &handle->secret, err))
        return false;
    const bool elsewhere = client_secret_place(&handle->secret, handle->at.token) == SECRET_ON_OTHER_TOKEN;
    if (elsewhere)
        serve_stage(p, LINK_TRIES_PIN);
    const bool read = handle_read_secret(handle, err);
    if (elsewhere)
        serve_stage(p, LINK_TRIED_PIN);
    return read;
}

static bool give_secret(struct signer_process *p, struct secret *out, struct ssa_error *err)
{
    if (!client_secret_is_on_token(p->run.settings))
        return error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_SECRET), "is not on a PKCS#11 token");
    if (!login_make(p, err))
        return false;
    if (read_secret(p, err)) {
        *out = p->handle->secret.text;
        p->handle->secret.text = (struct secret){0};
        p->status.state = SIGNER_OPEN;
    } else {
        login_note_failure(p, err);
    }
    // Where the login was lost, it is freed already.
    if (p->handle != NULL)
        client_secret_free(&p->handle->secret);
    return out->len > 0;
}

// A signer that is locked is as it should be.
static bool look(struct signer_process *p, struct ssa_error *err)
{
    return login_look(p, err) || p->status.state == SIGNER_LOCKED;
}

static bool unlock(struct signer_process *p, struct ssa_error *err)
{
    login_allow(p);
    return login_look(p, err);
}

// Of the new permission nothing is left, also where no PIN was tried.
static bool retry(struct signer_process *p, struct ssa_error *err)
{
    p->run.pin_retry = true;
    const bool done = unlock(p, err);
    p->run.pin_retry = false;
    return done;
}

static bool carry_out(struct signer_process *p, const struct link_request *request, struct secret *out,
                      struct ssa_error *err)
{
    if (request->call != LINK_LOCK)
        login_follow_profile(p);
    switch (request->call) {
    case LINK_LOOK:
        return look(p, err);
    case LINK_ASSERTION:
        return sign(p, request, out, err);
    case LINK_SECRET:
        return give_secret(p, out, err);
    case LINK_LOCK:
        login_lock(p);
        return true;
    case LINK_UNLOCK:
        return unlock(p, err);
    case LINK_RETRY:
        return retry(p, err);
    default:
        return true;
    }
}

void serve_request(struct signer_process *p)
{
    struct link_request request;
    LINK_ANSWER_AUTO answer = {0};
    if (!receive(p, &request))
        return;
    p->answers = true;
    answer.done = carry_out(p, &request, &answer.text, &answer.err);
    send_answer(p, &answer);
    p->answers = false;
}

void serve_meanwhile(struct signer_process *p)
{
    struct link_request request;
    LINK_ANSWER_AUTO answer = {0};
    if (!receive(p, &request))
        return;
    if (request.call == LINK_LOCK) {
        p->lock_waits = true;
        return;
    }
    answer.done = request.call == LINK_STATUS || request.call == LINK_LOOK;
    if (!answer.done)
        (void)error_because(&answer.err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL,
                            "it is locked, and somebody is about to unlock it");
    send_answer(p, &answer);
}

void serve_lock(struct signer_process *p)
{
    LINK_ANSWER_AUTO answer = {.done = true};
    p->lock_waits = false;
    login_lock(p);
    send_answer(p, &answer);
}

void serve_failure(struct signer_process *p, const struct ssa_error *err)
{
    struct link_request request;
    struct pollfd fd = {.fd = p->agent, .events = POLLIN};
    LINK_ANSWER_AUTO answer = {.err = *err};
    p->status.state = SIGNER_LOST;
    while (poll(&fd, 1, -1) < 0 && errno == EINTR)
        continue;
    if (receive(p, &request))
        send_answer(p, &answer);
}
