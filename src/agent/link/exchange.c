// One request and its answer, and the death of the signer.
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/link/link_own.h"
#include "agent/link/pin_file.h"
#include "core/monotonic.h"
#include "core/text.h"

enum {
    HUNG_MS = 300 * 1000, // then a signer that does not answer is killed
    LOOK_UP_MS = 100,
    DYING_MS = 500 // one whose connection is closed is about to end
};

void link_say(const struct signer_link *link, enum ssa_level level, const char *line, ...)
{
    char text[SSA_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, line);
    text_harmless_format(text, sizeof text, line, args);
    va_end(args);
    if (link->config.tell != NULL)
        link->config.tell(link->config.context, level, text);
}

static void know(struct signer_link *link, const struct link_status *status)
{
    (void)pthread_mutex_lock(&link->knowing);
    link->known = *status;
    (void)pthread_mutex_unlock(&link->knowing);
}

void link_know_state(struct signer_link *link, enum signer_state state)
{
    (void)pthread_mutex_lock(&link->knowing);
    link->known.state = state;
    link->known.known = true;
    (void)pthread_mutex_unlock(&link->knowing);
}

struct link_status link_known(struct signer_link *link)
{
    (void)pthread_mutex_lock(&link->knowing);
    const struct link_status status = link->known;
    (void)pthread_mutex_unlock(&link->knowing);
    return status;
}

// What it died of, for people.
static void describe(int status, char out[static 64])
{
    if (status == HELPER_KILLED)
        (void)text_format(out, 64, "it was ended, since it did not answer");
    else if (WIFSIGNALED(status))
        (void)text_format(out, 64, "signal %d", WTERMSIG(status));
    else
        (void)text_format(out, 64, "exit status %d", WEXITSTATUS(status));
}

// Of one that never said anything, it is not known.
void link_remove_pin_file(const struct signer_link *link)
{
    if (link->pin_file.inode == 0)
        (void)unlink(link->config.pin_socket);
    else
        pin_file_remove(link->config.pin_socket, &link->pin_file);
}

// The signer is gone, or is to go. Another one may be started later, unless this one may have spent a PIN try.
void link_bury(struct signer_link *link, int patience_ms)
{
    char why[64];
    const int status = helper_end(&link->signer, patience_ms);
    helper_close(&link->signer);
    link_remove_pin_file(link);
    if (status == HELPER_KILLED || !WIFEXITED(status) || WEXITSTATUS(status) == 0)
        link->fault = (struct ssa_error){0};
    link->given_up = link->given_up || (link->tries_pin && !link->recorded);
    link->under_way = link->tries_pin = false;
    link->deaths++;
    backoff_died(&link->backoff, monotonic_ms());
    link_know_state(link, link->given_up                               ? SIGNER_REFUSED
                          : link->locked || link_known(link).by_person ? SIGNER_LOCKED
                                                                       : SIGNER_LOST);
    describe(status, why);
    link_say(link, SSA_WARNING, "the signer has died (%s)%s", why,
             link->given_up ? " while it tried the PIN: no other one is started before somebody unlocks it" : "");
}

bool link_refuse_given_up(struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL,
                         "the signer died while it tried the PIN, which may have cost a try: nothing is tried before "
                         "somebody unlocks it");
}

static bool died(struct signer_link *link, struct ssa_error *err)
{
    link_bury(link, DYING_MS);
    return link->given_up ? link_refuse_given_up(err)
                          : error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer has died");
}

bool link_too_late(struct ssa_error *err)
{
    return error_because(err, SSA_UNEXPECTED, SSA_REASON_TIMEOUT, NULL, "the signer did not answer in time");
}

bool link_refuse_locked(struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL, "the signer is being locked");
}

// Whether a packet belongs to the call under way, and there were not too many of them.
static bool fits(struct signer_link *link, const struct link_answer *answer, struct ssa_error *err)
{
    if (answer->number != link->number)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer's answer is one to another request");
    if (answer->stage != LINK_ANSWERED && ++link->stages > LINK_STAGES_TOLD_MAX)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer tells without end that it tries a PIN");
    return true;
}

// Takes a packet that has come. *answer is the caller's to free.
static bool take_packet(struct signer_link *link, struct link_answer *answer, struct ssa_error *err)
{
    struct secret *message = &link->message;
    ssize_t got = recv(link->signer.socket, message->data, message->capacity, MSG_TRUNC | MSG_DONTWAIT);
    // A request that it never read resets the connection. What it had sent before is there.
    if (got < 0 && errno == ECONNRESET)
        got = recv(link->signer.socket, message->data, message->capacity, MSG_TRUNC | MSG_DONTWAIT);
    *answer = (struct link_answer){0};
    if (got <= 0)
        return died(link, err);
    // It listened before it read anything.
    if (link->pin_file.inode == 0)
        (void)file_mark_path(link->config.pin_socket, &link->pin_file);
    struct reader r = {.data = message->data, .len = (size_t)got <= message->capacity ? (size_t)got : 0};
    const bool read = link_get_answer(&r, answer, err) && fits(link, answer, err);
    secret_wipe(message->data, r.len);
    if (read)
        return true;
    // What it said is nobody's.
    link_answer_free(answer);
    *answer = (struct link_answer){0};
    link_bury(link, 0);
    return false;
}

// Waits until there is something to read, or the signer has ended.
static bool wait_for_packet(const struct signer_link *link, bool locks, long long deadline, struct ssa_error *err)
{
    struct pollfd fds[] = {{.fd = link->signer.socket, .events = POLLIN},
                           {.fd = link->signer.process, .events = POLLIN}};
    for (;;) {
        const long long left = deadline - monotonic_ms();
        const int ready = poll(fds, COUNT(fds), left <= 0 ? 0 : left < LOOK_UP_MS ? (int)left : LOOK_UP_MS);
        if (ready > 0)
            return true;
        if (left <= 0)
            return link_too_late(err);
        if (!locks && atomic_load(&link->lockers) > 0)
            return link_refuse_locked(err);
    }
}

// Receives the answer of the call under way, for a caller that locks or does not.
bool link_receive(struct signer_link *link, bool locks, long long deadline, struct link_answer *answer,
                  struct ssa_error *err)
{
    for (;;) {
        if (!wait_for_packet(link, locks, deadline, err) || !take_packet(link, answer, err))
            return false;
        if (answer->stage == LINK_ANSWERED)
            break;
        link->recorded = answer->stage == LINK_TRIES_RECORDED;
        link->tries_pin = link->recorded || answer->stage == LINK_TRIES_PIN;
    }
    link->under_way = link->tries_pin = false;
    link->locked = link->locked && answer->status.state != SIGNER_OPEN;
    link->fault = answer->err;
    know(link, &answer->status);
    return true;
}

// A call that its caller gave up is answered first.
bool link_finish_earlier(struct signer_link *link, bool locks, long long deadline, struct ssa_error *err)
{
    LINK_ANSWER_AUTO late = {0};
    if (!link->under_way || link_receive(link, locks, deadline, &late, err))
        return true;
    if (link->signer.pid != 0 && monotonic_ms() - link->since >= HUNG_MS)
        link_bury(link, 0);
    // One that has died is no obstacle.
    return link->signer.pid == 0;
}

// A signer that ended while nothing was asked of it.
void link_look_for_death(struct signer_link *link)
{
    struct pollfd fd = {.fd = link->signer.socket, .events = POLLIN};
    if (link->signer.pid == 0 || link->under_way)
        return;
    // Nothing may come unasked.
    if (helper_has_ended(&link->signer) || (poll(&fd, 1, 0) > 0 && fd.revents != 0))
        link_bury(link, DYING_MS);
}

bool link_send(struct signer_link *link, const struct link_request *request, struct ssa_error *err)
{
    struct writer w = {.data = link->message.data, .capacity = link->message.capacity};
    struct link_request numbered = *request;
    numbered.number = link->number + 1;
    link_put_request(&w, &numbered);
    if (w.overflow)
        return error_set(err, SSA_USAGE, NULL, NULL, "the request to the signer is too long");
    // There is room, since nothing else is under way.
    if (send(link->signer.socket, w.data, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len)
        return died(link, err);
    link->under_way = true;
    link->number++;
    link->stages = 0;
    link->since = monotonic_ms();
    return true;
}
