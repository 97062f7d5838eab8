#include "agent/link/link.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/link/link_own.h"
#include "core/monotonic.h"
#include "core/thread.h"

enum {
    PATIENT_MS = 1000, // a call waits so long until a signer may be started again
    CLOSING_MS = 5000, // then one that is to end is killed
    STATUS_MS = 500,   // how long it is waited for what is only to be told
    BUSY_MS = 4000     // a signer that is to be locked may go on so long with what it began, unless it tries a PIN
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
    (void)pthread_mutex_init(&link->mutex, NULL);
    thread_condition_init(&link->free);
    (void)pthread_mutex_init(&link->knowing, NULL);
    *opened = link;
    return true;
}

unsigned long link_starts(const struct signer_link *link)
{
    return atomic_load(&link->starts);
}

static bool refuse_yet(const struct signer_link *link, long long left, struct ssa_error *err)
{
    if (link->fault.code == SSA_OK)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer has died, and is started again in %lld ms", left);
    *err = link->fault;
    return false;
}

static bool may_start(struct signer_link *link, long long deadline, struct ssa_error *err)
{
    const long long now = monotonic_ms(), left = backoff_left(&link->backoff, now);
    if (link->given_up)
        return link_refuse_given_up(err);
    if (left > 0 && (left > PATIENT_MS || now + left > deadline))
        return refuse_yet(link, left, err);
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
    link->pin_file = (struct file_mark){0};
    if (!signer_process_start(&link->signer, &link->config, link->locked, retry, err)) {
        backoff_died(&link->backoff, monotonic_ms());
        return false;
    }
    link->config.pin_retry = false;
    (void)atomic_fetch_add(&link->starts, 1);
    link_say(link, SSA_DETAIL, "a signer was started (process %d)", (int)link->signer.pid);
    return true;
}

// Whoever has the turn has the signer, and all that is not under the other mutex. deadline 0: waits for ever.
static bool take_turn(struct signer_link *link, long long deadline, struct ssa_error *err)
{
    bool late = false;
    (void)pthread_mutex_lock(&link->mutex);
    while (link->busy && !late) {
        if (deadline == 0)
            (void)pthread_cond_wait(&link->free, &link->mutex);
        else
            late = !thread_wait_until(&link->free, &link->mutex, deadline);
    }
    const bool taken = !link->busy;
    link->busy = true;
    (void)pthread_mutex_unlock(&link->mutex);
    return taken || link_too_late(err);
}

static void give_turn(struct signer_link *link)
{
    (void)pthread_mutex_lock(&link->mutex);
    link->busy = false;
    (void)pthread_cond_signal(&link->free);
    (void)pthread_mutex_unlock(&link->mutex);
}

// What outlives the signer that is asked.
static void note_wish(struct signer_link *link, enum link_call call)
{
    if (call == LINK_LOCK)
        link->locked = true;
    if (call != LINK_UNLOCK && call != LINK_RETRY)
        return;
    link->locked = link->given_up = false;
    backoff_forget(&link->backoff);
}

static bool exchange_once(struct signer_link *link, const struct link_request *request, long long deadline,
                          struct link_answer *answer, struct ssa_error *err)
{
    const bool locks = request->call == LINK_LOCK;
    if (!link_finish_earlier(link, locks, deadline, err))
        return false;
    link_look_for_death(link);
    note_wish(link, request->call);
    if (locks && link->signer.pid == 0) {
        link_know_state(link, SIGNER_LOCKED);
        return true;
    }
    if (!make_sure_it_runs(link, deadline, err) || !link_send(link, request, err) ||
        !link_receive(link, locks, deadline, answer, err))
        return false;
    if (!answer->done)
        *err = answer->err;
    return answer->done;
}

// Where the signer was killed, perhaps before it had read the request, another one does it. A signature may be made
// twice, and a PIN only where the record of the first try allows it.
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
        atomic_load(&link->lockers) > 0 ? link_refuse_locked(err) : exchange(link, request, deadline, answer, err);
    give_turn(link);
    return done;
}

// A call under way may wait for a touch, or hang.
static bool lock_in_time(struct signer_link *link, long long deadline)
{
    LINK_ANSWER_AUTO answer = {0};
    const struct link_request request = {.call = LINK_LOCK};
    const long long soon = link->since + BUSY_MS;
    if (link->under_way && !link->tries_pin && soon < deadline &&
        !link_finish_earlier(link, true, soon, ERROR_IGNORED) && !link->tries_pin)
        return false;
    return exchange(link, &request, deadline, &answer, ERROR_IGNORED);
}

// What is to be locked must not stay open.
static void lock(struct signer_link *link, long long deadline)
{
    (void)atomic_fetch_add(&link->lockers, 1);
    // It comes soon, since nobody else waits for the signer now.
    if (!take_turn(link, 0, ERROR_IGNORED))
        return;
    if (!lock_in_time(link, deadline)) {
        link->locked = true;
        if (link->signer.pid != 0)
            link_bury(link, 0);
    }
    (void)atomic_fetch_sub(&link->lockers, 1);
    give_turn(link);
}

static void tell_status(struct signer_link *link, struct link_status *status)
{
    if (status != NULL)
        *status = link_known(link);
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
    const long long soon = monotonic_ms() + STATUS_MS;
    if (!take_turn(link, soon, ERROR_IGNORED))
        return;
    link_look_for_death(link);
    if (link->signer.pid != 0 && !link->under_way && link_send(link, &request, ERROR_IGNORED))
        (void)!link_receive(link, false, deadline < soon ? deadline : soon, &answer, ERROR_IGNORED);
    give_turn(link);
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
    if (helper_end(&link->signer, CLOSING_MS) == HELPER_KILLED)
        link_remove_pin_file(link);
    helper_close(&link->signer);
    secret_free(&link->message);
    (void)pthread_cond_destroy(&link->free);
    (void)pthread_mutex_destroy(&link->mutex);
    (void)pthread_mutex_destroy(&link->knowing);
    free(link);
}
