// A queue of two halves: events go to the one, while a thread of its own writes those of the other.
#include "agent/http/audit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/http/audit_line.h"
#include "agent/http/audit_sink.h"
#include "core/monotonic.h"
#include "core/thread.h"

enum {
    QUEUE_BYTES = 1024 * 1024,        // of each half: some thousand events
    BATCH_BYTES = 4 * AUDIT_LINE_MAX, // lines that are written at once
    CLOSE_MS = 2000,                  // for so long the last lines may take
    RETRY_MS = 250,
    GATHER_MS = 5, // between two turns of the thread: to wake it takes longer than a request
    WRITER_STACK = 256 * 1024
};

struct audit {
    struct sink sink;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct writer queue;     // the half that is being filled
    uint8_t *other;          // the half that is being written, or is empty
    unsigned long long lost; // events since the last line that told of them
    bool sleeps;             // the thread waits for an event
    bool closing, reopen;
    _Atomic(long long) until; // monotonic_ms by which it must be done; 0: no limit
    struct secret lines;      // of the thread
};

// Unlocks, and wakes the thread where it sleeps.
static void unlock(struct audit *audit)
{
    const bool sleeps = audit->sleeps;
    audit->sleeps = false;
    (void)pthread_mutex_unlock(&audit->mutex);
    if (sleeps)
        (void)pthread_cond_signal(&audit->changed);
}

void audit_write(struct audit *audit, const struct audit_event *event)
{
    if (audit == NULL)
        return;
    const time_t at = time(NULL);
    (void)pthread_mutex_lock(&audit->mutex);
    if (!audit_put(&audit->queue, event, at))
        audit->lost++;
    unlock(audit);
}

void audit_skip(struct audit *audit)
{
    if (audit == NULL)
        return;
    (void)pthread_mutex_lock(&audit->mutex);
    audit->lost++;
    // It is told with the next event.
    (void)pthread_mutex_unlock(&audit->mutex);
}

// Waits for events, and takes all of them. False where there are none, and will be none.
static bool take(struct audit *audit, struct reader *events, unsigned long long *lost, bool *reopen)
{
    (void)pthread_mutex_lock(&audit->mutex);
    while (audit->queue.len == 0 && !audit->closing && !audit->reopen) {
        audit->sleeps = true;
        (void)pthread_cond_wait(&audit->changed, &audit->mutex);
    }
    audit->sleeps = false;
    const bool more = audit->queue.len > 0 || audit->lost > 0 || !audit->closing;
    *events = (struct reader){.data = audit->queue.data, .len = audit->queue.len};
    *lost = audit->lost;
    *reopen = audit->reopen;
    audit->lost = 0;
    audit->reopen = false;
    audit->queue.data = audit->other;
    audit->other = (uint8_t *)events->data;
    audit->queue.len = 0;
    (void)pthread_mutex_unlock(&audit->mutex);
    return more;
}

static bool is_late(const struct audit *audit)
{
    const long long until = atomic_load(&audit->until);
    return until != 0 && monotonic_ms() >= until;
}

static size_t flush(struct audit *audit)
{
    const size_t lost = sink_write(&audit->sink, secret_span(&audit->lines));
    audit->lines.len = 0;
    return lost;
}

static void write_events(struct audit *audit, struct reader *events, unsigned long long lost)
{
    unsigned long long failed = 0;
    if (lost > 0 && (!audit_lost_line(lost, time(NULL), &audit->lines) || flush(audit) > 0))
        failed = lost;
    while (events->at < events->len && !is_late(audit)) {
        if (!audit_get_line(events, &audit->lines))
            failed++;
        if (events->bad)
            break;
        if (audit->lines.capacity - audit->lines.len < AUDIT_LINE_MAX)
            failed += flush(audit);
    }
    failed += flush(audit);
    (void)pthread_mutex_lock(&audit->mutex);
    audit->lost += failed;
    (void)pthread_mutex_unlock(&audit->mutex);
    // What cannot be written now will not be a moment later.
    if (failed > 0 && !is_late(audit))
        pause_ms(RETRY_MS);
}

static void *run(void *context)
{
    struct audit *audit = context;
    struct reader events;
    unsigned long long lost;
    bool reopen;
    while (take(audit, &events, &lost, &reopen)) {
        if (reopen)
            sink_reopen(&audit->sink);
        write_events(audit, &events, lost);
        if (is_late(audit))
            break;
        pause_ms(GATHER_MS);
    }
    return NULL;
}

static void release(struct audit *audit)
{
    sink_close(&audit->sink);
    (void)pthread_cond_destroy(&audit->changed);
    (void)pthread_mutex_destroy(&audit->mutex);
    free(audit->queue.data);
    free(audit->other);
    secret_free(&audit->lines);
    free(audit);
}

static bool start(struct audit *audit, struct ssa_error *err)
{
    (void)pthread_mutex_init(&audit->mutex, NULL);
    thread_condition_init(&audit->changed);
    audit->queue = (struct writer){.data = malloc(QUEUE_BYTES), .capacity = QUEUE_BYTES};
    audit->other = malloc(QUEUE_BYTES);
    if (audit->queue.data == NULL || audit->other == NULL || !secret_new(&audit->lines, BATCH_BYTES, ERROR_IGNORED))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for the audit");
    return thread_start(&audit->thread, WRITER_STACK, run, audit) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "no thread can be started for the audit");
}

bool audit_open(enum audit_sink sink, const char *path, struct audit **audit, struct ssa_error *err)
{
    *audit = calloc(1, sizeof **audit);
    if (*audit == NULL)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for the audit");
    (*audit)->sink.fd = -1;
    if (sink_open(&(*audit)->sink, sink, path, err) && start(*audit, err))
        return true;
    release(*audit);
    *audit = NULL;
    return false;
}

void audit_reopen(struct audit *audit)
{
    if (audit == NULL)
        return;
    (void)pthread_mutex_lock(&audit->mutex);
    audit->reopen = true;
    unlock(audit);
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    atomic_store(&audit->until, monotonic_ms() + CLOSE_MS);
    (void)pthread_mutex_lock(&audit->mutex);
    audit->closing = true;
    unlock(audit);
    (void)pthread_join(audit->thread, NULL);
    release(audit);
}
