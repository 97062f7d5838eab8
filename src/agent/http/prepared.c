#include "agent/http/prepared.h"

#include <limits.h>

#include "agent/http/grant.h"

void prepared_open(struct prepared *prepared)
{
    *prepared = (struct prepared){0};
    (void)pthread_mutex_init(&prepared->mutex, NULL);
}

void prepared_close(struct prepared *prepared)
{
    (void)prepared_sweep(prepared, LLONG_MAX);
    (void)pthread_mutex_destroy(&prepared->mutex);
}

static void clear(struct prepared *prepared, size_t at)
{
    if (prepared->slots[at].access == NULL)
        return;
    access_drop(prepared->slots[at].access);
    microhttpd.destroy_response(prepared->slots[at].answer);
    prepared->slots[at].access = NULL;
    prepared->count--;
}

static struct MHD_Response *find(struct prepared *prepared, struct access *access, long long now_ms)
{
    // Two that would have the same place take turns.
    const size_t at = ((uintptr_t)access >> 4 ^ (uintptr_t)access >> 12) % PREPARED_MAX;
    if (prepared->slots[at].access == access && now_ms < prepared->slots[at].until_ms)
        return prepared->slots[at].answer;
    struct MHD_Response *answer = grant_make(access, now_ms, true);
    if (answer == NULL)
        return NULL;
    const long long left_s = (access->ends_ms - now_ms) / 1000;
    clear(prepared, at);
    prepared->slots[at].access = access_keep(access);
    prepared->slots[at].answer = answer;
    // From then on, one second less is left.
    prepared->slots[at].until_ms = left_s > 0 ? access->ends_ms - left_s * 1000 + 1 : access->ends_ms;
    prepared->count++;
    return answer;
}

bool prepared_queue(struct prepared *prepared, struct access *access, long long now_ms,
                    struct MHD_Connection *connection)
{
    (void)pthread_mutex_lock(&prepared->mutex);
    struct MHD_Response *answer = find(prepared, access, now_ms);
    const bool queued = answer != NULL && microhttpd.queue_response(connection, MHD_HTTP_OK, answer) == MHD_YES;
    (void)pthread_mutex_unlock(&prepared->mutex);
    return queued;
}

size_t prepared_sweep(struct prepared *prepared, long long now_ms)
{
    (void)pthread_mutex_lock(&prepared->mutex);
    for (size_t i = 0; i < PREPARED_MAX && prepared->count > 0; i++)
        if (now_ms >= prepared->slots[i].until_ms)
            clear(prepared, i);
    const size_t left = prepared->count;
    (void)pthread_mutex_unlock(&prepared->mutex);
    return left;
}
