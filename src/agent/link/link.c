#include "agent/link/link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/link/backoff.h"
#include "agent/link/process.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"

enum {
    PATIENT_MS = 1000,    // a call waits so long until a signer may be started again
    HUNG_MS = 300 * 1000, // then a signer that does not answer is killed
    CLOSING_MS = 5000,    // then one that is to end is killed
    LOOK_UP_MS = 100,
    DYING_MS = 500 // one whose connection is closed is about to end
};

struct signer_link {
    struct link_config config;
    atomic_ulong starts;
    atomic_uint lockers; // who want to lock it: nobody else waits for the signer meanwhile

    pthread_mutex_t turn; // one call at a time
    struct helper signer; // pid 0: there is none
    struct backoff backoff;
    bool locked;     // until somebody unlocks it, also if another signer is started meanwhile
    bool given_up;   // a signer died while it tried a PIN
    bool tries_pin;  // of the call under way
    bool under_way;  // a call was sent and not answered
    long long since; // when
    unsigned long deaths;
    struct secret message; // the request, then the answer

    pthread_mutex_t knowing; // never for long
    struct link_status known;
};

bool link_open(const struct link_config *config, struct signer_link **opened, struct ssa_error *err)
{
    struct signer_link *link = calloc(1, sizeof *link);
    *opened = NULL;
    if (link == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a signer");
    if (!secret_new(&link->message, LINK_MESSAGE_MAX, err)) {
        free(link);
        return false;
    }
    link->config = *config;
    link->signer = (struct helper){.socket = -1, .process = -1};
    (void)pthread_mutex_init(&link->turn, NULL);
    (void)pthread_mutex_init(&link->knowing, NULL);
    *opened = link;
    return true;
}

static __attribute__((format(printf, 3, 4))) void say(const struct signer_link *link, enum ssa_level level,
                                                      const char *line, ...)
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

static void know_state(struct signer_link *link, enum signer_state state)
{
    (void)pthread_mutex_lock(&link->knowing);
    link->known.state = state;
    (void)pthread_mutex_unlock(&link->knowing);
}

static struct link_status known(struct signer_link *link)
{
    (void)pthread_mutex_lock(&link->knowing);
    const struct link_status status = link->known;
    (void)pthread_mutex_unlock(&link->knowing);
    return status;
}

unsigned long link_starts(const struct signer_link *link)
{
    return atomic_load(&link->starts);
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

// The signer is gone, or is to go. Another one may be started later, unless this one may have spent a PIN try.
static void bury(struct signer_link *link, int patience_ms)
{
    char why[64];
    const int status = helper_end(&link->signer, patience_ms);
    // One that was killed has left it.
    (void)unlink(link->config.pin_socket);
    link->given_up = link->given_up || link->tries_pin;
    link->under_way = link->tries_pin = false;
    link->deaths++;
    backoff_died(&link->backoff, monotonic_ms());
    know_state(link, link->given_up                          ? SIGNER_REFUSED
                     : link->locked || known(link).by_person ? SIGNER_LOCKED
                                                             : SIGNER_LOST);
    describe(status, why);
    say(link, SSA_WARNING, "the signer has died (%s)%s", why,
        link->given_up ? " while it tried the PIN: no other one is started before somebody unlocks it" : "");
}

static bool refuse_given_up(struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL,
                         "the signer died while it tried the PIN, which may have cost a try: nothing is tried before "
                         "somebody unlocks it");
}

static bool died(struct signer_link *link, struct ssa_error *err)
{
    bury(link, DYING_MS);
    return link->given_up ? refuse_given_up(err) : error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer has died");
}

static bool too_late(struct ssa_error *err)
{
    return error_because(err, SSA_UNEXPECTED, SSA_REASON_TIMEOUT, NULL, "the signer did not answer in time");
}

static bool refuse_locked(struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL, "the signer is being locked");
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
    struct reader r = {.data = message->data, .len = (size_t)got <= message->capacity ? (size_t)got : 0};
    const bool read = link_get_answer(&r, answer, err);
    secret_wipe(message->data, r.len);
    if (!read)
        bury(link, 0);
    return read;
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
            return too_late(err);
        if (!locks && atomic_load(&link->lockers) > 0)
            return refuse_locked(err);
    }
}

// Receives the answer of the call under way, for a caller that locks or does not.
static bool receive(struct signer_link *link, bool locks, long long deadline, struct link_answer *answer,
                    struct ssa_error *err)
{
    for (;;) {
        if (!wait_for_packet(link, locks, deadline, err) || !take_packet(link, answer, err))
            return false;
        if (answer->stage == LINK_ANSWERED)
            break;
        link->tries_pin = answer->stage == LINK_TRIES_PIN;
    }
    link->under_way = link->tries_pin = false;
    link->locked = link->locked && answer->status.state != SIGNER_OPEN;
    know(link, &answer->status);
    return true;
}

// A call that its caller gave up is answered first.
static bool finish_earlier(struct signer_link *link, bool locks, long long deadline, struct ssa_error *err)
{
    LINK_ANSWER_AUTO late = {0};
    if (!link->under_way || receive(link, locks, deadline, &late, err))
        return true;
    if (link->signer.pid != 0 && monotonic_ms() - link->since >= HUNG_MS)
        bury(link, 0);
    // One that has died is no obstacle.
    return link->signer.pid == 0;
}

// A signer that ended while nothing was asked of it.
static void look_for_death(struct signer_link *link)
{
    struct pollfd fd = {.fd = link->signer.socket, .events = POLLIN};
    if (link->signer.pid == 0 || link->under_way)
        return;
    // Nothing may come unasked.
    if (helper_has_ended(&link->signer) || (poll(&fd, 1, 0) > 0 && fd.revents != 0))
        bury(link, DYING_MS);
}

static bool may_start(struct signer_link *link, long long deadline, struct ssa_error *err)
{
    const long long now = monotonic_ms(), left = backoff_left(&link->backoff, now);
    if (link->given_up)
        return refuse_given_up(err);
    if (left > 0 && (left > PATIENT_MS || now + left > deadline))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer has died, and is started again in %lld ms", left);
    while (backoff_left(&link->backoff, monotonic_ms()) > 0)
        pause_ms((unsigned)backoff_left(&link->backoff, monotonic_ms()));
    return true;
}

static bool make_sure_it_runs(struct signer_link *link, long long deadline, struct ssa_error *err)
{
    if (link->signer.pid != 0)
        return true;
    if (!may_start(link, deadline, err))
        return false;
    // The permission is for one try, and not for every signer.
    const bool retry = link->config.pin_retry;
    backoff_started(&link->backoff, monotonic_ms());
    if (!signer_process_start(&link->signer, &link->config, link->locked, retry, err)) {
        backoff_died(&link->backoff, monotonic_ms());
        return false;
    }
    link->config.pin_retry = false;
    (void)atomic_fetch_add(&link->starts, 1);
    say(link, SSA_DETAIL, "a signer was started (process %d)", (int)link->signer.pid);
    return true;
}

static bool send_request(struct signer_link *link, const struct link_request *request, struct ssa_error *err)
{
    struct writer w = {.data = link->message.data, .capacity = link->message.capacity};
    link_put_request(&w, request);
    if (w.overflow)
        return error_set(err, SSA_USAGE, NULL, NULL, "the request to the signer is too long");
    // There is room, since nothing else is under way.
    if (send(link->signer.socket, w.data, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len)
        return died(link, err);
    link->under_way = true;
    link->since = monotonic_ms();
    return true;
}

static bool take_turn(struct signer_link *link, long long deadline, struct ssa_error *err)
{
    const struct timespec until = {.tv_sec = (time_t)(deadline / 1000), .tv_nsec = (long)(deadline % 1000) * 1000000};
    return pthread_mutex_clocklock(&link->turn, CLOCK_MONOTONIC, &until) == 0 || too_late(err);
}

// What outlives the signer that is asked.
static void note_wish(struct signer_link *link, enum link_call call)
{
    if (call == LINK_LOCK)
        link->locked = true;
    if (call != LINK_UNLOCK)
        return;
    link->locked = link->given_up = false;
    backoff_forget(&link->backoff);
}

static bool exchange_once(struct signer_link *link, const struct link_request *request, long long deadline,
                          struct link_answer *answer, struct ssa_error *err)
{
    const bool locks = request->call == LINK_LOCK;
    if (!finish_earlier(link, locks, deadline, err))
        return false;
    look_for_death(link);
    note_wish(link, request->call);
    if (locks && link->signer.pid == 0) {
        know_state(link, SIGNER_LOCKED);
        return true;
    }
    if (!make_sure_it_runs(link, deadline, err) || !send_request(link, request, err) ||
        !receive(link, locks, deadline, answer, err))
        return false;
    if (!answer->done)
        *err = answer->err;
    return answer->done;
}

// Where the signer was killed, perhaps before it had read the request, another one does it. A signature may be made
// twice, but no PIN is tried twice.
static bool exchange(struct signer_link *link, const struct link_request *request, long long deadline,
                     struct link_answer *answer, struct ssa_error *err)
{
    const unsigned long deaths = link->deaths;
    if (exchange_once(link, request, deadline, answer, err))
        return true;
    const bool again = link->deaths == deaths + 1 && link->signer.pid == 0 && !link->given_up && !answer->done &&
                       answer->err.code == SSA_OK;
    return again && exchange_once(link, request, deadline, answer, err);
}

static bool ask(struct signer_link *link, const struct link_request *request, long long deadline,
                struct link_answer *answer, struct ssa_error *err)
{
    if (!take_turn(link, deadline, err))
        return false;
    const bool done =
        atomic_load(&link->lockers) > 0 ? refuse_locked(err) : exchange(link, request, deadline, answer, err);
    (void)pthread_mutex_unlock(&link->turn);
    return done;
}

// The turn comes soon, since nobody else waits for the signer now. What is to be locked must not stay open.
static void lock(struct signer_link *link, long long deadline)
{
    LINK_ANSWER_AUTO answer = {0};
    const struct link_request request = {.call = LINK_LOCK};
    (void)atomic_fetch_add(&link->lockers, 1);
    (void)pthread_mutex_lock(&link->turn);
    if (!exchange(link, &request, deadline, &answer, ERROR_IGNORED)) {
        link->locked = true;
        if (link->signer.pid != 0)
            bury(link, 0);
    }
    (void)atomic_fetch_sub(&link->lockers, 1);
    (void)pthread_mutex_unlock(&link->turn);
}

static void tell_status(struct signer_link *link, struct link_status *status)
{
    if (status != NULL)
        *status = known(link);
}

static bool take_text(const struct link_answer *answer, struct secret *text, struct ssa_error *err)
{
    const struct span span = secret_span(&answer->text);
    if (span.len == 0)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer's answer is empty");
    if (!secret_new(text, span.len, err))
        return false;
    return secret_append(text, span) || error_set(err, SSA_UNEXPECTED, NULL, NULL, "a text does not fit its buffer");
}

bool link_assertion(struct signer_link *link, const struct link_request *request, long long deadline,
                    struct secret *assertion, struct link_status *status, struct ssa_error *err)
{
    LINK_ANSWER_AUTO answer = {0};
    struct link_request whole = *request;
    whole.call = LINK_ASSERTION;
    const bool done = ask(link, &whole, deadline, &answer, err) && take_text(&answer, assertion, err);
    tell_status(link, status);
    return done;
}

bool link_secret(struct signer_link *link, long long deadline, struct secret *secret, struct ssa_error *err)
{
    LINK_ANSWER_AUTO answer = {0};
    const struct link_request request = {.call = LINK_SECRET};
    return ask(link, &request, deadline, &answer, err) && take_text(&answer, secret, err);
}

// Asks a signer that is there and not busy, and is content with what is known.
static void refresh(struct signer_link *link, long long deadline)
{
    LINK_ANSWER_AUTO answer = {0};
    const struct link_request request = {.call = LINK_STATUS};
    if (pthread_mutex_trylock(&link->turn) != 0)
        return;
    look_for_death(link);
    if (link->signer.pid != 0 && !link->under_way && send_request(link, &request, ERROR_IGNORED))
        (void)!receive(link, false, deadline, &answer, ERROR_IGNORED);
    (void)pthread_mutex_unlock(&link->turn);
}

bool link_ask(struct signer_link *link, enum link_call call, long long deadline, struct link_status *status,
              struct ssa_error *err)
{
    LINK_ANSWER_AUTO answer = {0};
    const struct link_request request = {.call = call};
    bool done = true;
    if (call == LINK_STATUS)
        refresh(link, deadline);
    else if (call == LINK_LOCK)
        lock(link, deadline);
    else
        done = ask(link, &request, deadline, &answer, err);
    tell_status(link, status);
    return done;
}

void link_close(struct signer_link *link)
{
    if (link == NULL)
        return;
    // It logs out when its connection ends.
    (void)helper_end(&link->signer, CLOSING_MS);
    secret_free(&link->message);
    (void)pthread_mutex_destroy(&link->turn);
    (void)pthread_mutex_destroy(&link->knowing);
    free(link);
}
