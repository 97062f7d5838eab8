#include "agent/signer/unlocker.h"

#include <sys/socket.h>
#include <unistd.h>

#include "agent/signer/attend.h"
#include "agent/signer/login.h"
#include "agent/signer/pin_listener.h"
#include "agent/signer/serve.h"
#include "core/monotonic.h"
#include "core/text.h"

enum { ANSWER_MS = 120 * 1000, LOOK_UP_MS = 1000 };

// What the signer has to say at the end.
static void conclude(struct signer_process *p, bool open, const struct ssa_error *err)
{
    struct question q = {.kind = open ? QUESTION_OPEN : QUESTION_FAILED};
    if (!open)
        q.err = *err;
    (void)pin_listener_say(p->unlocker, &q);
    (void)close(p->unlocker);
    p->unlocker = -1;
}

static bool unlock(struct signer_process *p, struct ssa_error *err)
{
    login_follow_profile(p);
    // One that a person is not needed for is opened by the agent's request, so that the agent knows of the try.
    if (p->handle != NULL && login_look(p, err))
        return true;
    if (!p->status.by_person)
        return error_set(err, SSA_USAGE, NULL, NULL, "its PIN does not come from a person");
    return login_with_person(p, err);
}

void unlocker_serve(struct signer_process *p)
{
    struct ssa_error err = {0};
    p->unlocker = pin_listener_take(p->listener);
    if (p->unlocker < 0)
        return;
    const bool open = unlock(p, &err), locked = p->lock_waits;
    if (locked) {
        serve_lock(p);
        error_because(&err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL, "it was locked meanwhile");
    }
    // Nobody has the login then, whatever became of it.
    if (p->over)
        error_because(&err, SSA_ABSENT, SSA_REASON_AGENT_GONE, NULL, "the agent has ended");
    conclude(p, open && !locked && !p->over, &err);
}

static bool no_answer(struct ssa_error *err, const char *why)
{
    return error_set(err, SSA_PIN, NULL, NULL, "nobody gave the PIN: %s", why);
}

// Asks, and waits for the reply, which is in message.
static bool ask(struct signer_process *p, const struct question *q, struct secret *message, struct reply *reply,
                struct ssa_error *err)
{
    const long long until = monotonic_ms() + ANSWER_MS;
    if (p->unlocker < 0)
        return error_because(err, SSA_PIN, SSA_REASON_NOBODY_FOR_PIN, NULL, "a person must give the PIN");
    // What comes before the question is no reply to it.
    if (attend(p, p->unlocker, 0) || !pin_listener_say(p->unlocker, q))
        return no_answer(err, "the person who was asked has gone");
    while (!attend(p, p->unlocker, LOOK_UP_MS)) {
        if (p->over || p->lock_waits)
            return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
        if (monotonic_ms() >= until)
            return no_answer(err, "the time for it is over");
    }
    const ssize_t got = recv(p->unlocker, message->data, message->capacity, MSG_TRUNC | MSG_DONTWAIT);
    if (got <= 0)
        return no_answer(err, "the person who was asked has gone");
    struct reader r = {.data = message->data, .len = (size_t)got <= message->capacity ? (size_t)got : 0};
    if (!get_reply(&r, reply))
        return no_answer(err, "the reply makes no sense");
    // A PIN that was typed for one PKCS#11 token must not be tried at another one.
    return reply->number == q->number || no_answer(err, "the reply is one to another question");
}

static bool ask_for_text(struct signer_process *p, enum question_kind kind, const char *prompt, struct secret *message,
                         struct reply *reply, struct ssa_error *err)
{
    struct question q = {.number = ++p->questions, .kind = kind};
    text_harmless(q.text, sizeof q.text, span_text(prompt));
    return secret_new(message, REPLY_TEXT_MAX + 64, err) && ask(p, &q, message, reply, err);
}

bool unlocker_ask_secret(void *process, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err)
{
    SECRET_AUTO message = {0};
    struct reply reply = {0};
    *len = 0;
    if (!ask_for_text(process, QUESTION_SECRET, prompt, &message, &reply, err))
        return false;
    if (!reply.given || reply.text.len == 0)
        return no_answer(err, "nothing was typed");
    if (reply.text.len > capacity)
        return error_set(err, SSA_PIN, NULL, NULL, "what was typed is longer than any PIN");
    memcpy(answer, reply.text.data, reply.text.len);
    *len = reply.text.len;
    return true;
}

bool unlocker_confirm(void *process, const char *question)
{
    SECRET_AUTO message = {0};
    struct reply reply = {0};
    return ask_for_text(process, QUESTION_CONFIRM, question, &message, &reply, ERROR_IGNORED) && reply.given;
}

void unlocker_tell(struct signer_process *p, enum ssa_level level, const struct ssa_notice *notice)
{
    struct question q = {.kind = QUESTION_NOTICE, .level = level, .reason = notice->reason};
    // A message about a signature that takes long comes from another thread.
    if (p->unlocker < 0 || pthread_equal(pthread_self(), p->thread) == 0)
        return;
    text_harmless(q.text, sizeof q.text, span_text(notice->text));
    text_harmless(q.detail, sizeof q.detail, span_text(notice->detail));
    (void)pin_listener_say(p->unlocker, &q);
}
