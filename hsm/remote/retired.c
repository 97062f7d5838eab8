#include "hsm/remote/retired.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/fork_mutex.h"
#include "core/monotonic.h"

enum { LOOK_UP_MS = 20 };

struct retired {
    struct retired *next;
    struct hosted *host;
    long long since;
    pid_t parent; // a child that was forked waits for none of them
};
static struct retired *all;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
FORK_MUTEX(mutex, FORK_MUTEX_INNER);

static void put_in_front(struct retired *one)
{
    (void)pthread_mutex_lock(&mutex);
    one->next = all;
    all = one;
    (void)pthread_mutex_unlock(&mutex);
}

static bool is_due(const struct retired *one, bool any)
{
    if (one->parent != getpid())
        return false;
    return any || helper_has_ended(&one->host->process) || monotonic_ms() >= one->since + CLOSING_MS;
}

static struct retired *take_one(bool any)
{
    (void)pthread_mutex_lock(&mutex);
    struct retired **at = &all;
    while (*at != NULL && !is_due(*at, any))
        at = &(*at)->next;
    struct retired *one = *at;
    if (one != NULL)
        *at = one->next;
    (void)pthread_mutex_unlock(&mutex);
    return one;
}

bool retired_take(struct hosted *host)
{
    struct retired *one = calloc(1, sizeof *one);
    if (one == NULL)
        return false;
    *one = (struct retired){.host = host, .since = monotonic_ms(), .parent = getpid()};
    put_in_front(one);
    return true;
}

static void wait_for(struct retired *one, long long until, const struct ssa_callbacks *callbacks)
{
    struct pollfd fds[] = {{.fd = one->host->process.process, .events = POLLIN},
                           {.fd = one->host->output.fd, .events = POLLIN}};
    while (!helper_has_ended(&one->host->process) && monotonic_ms() < until && !callback_interrupted(callbacks)) {
        if (poll(fds, COUNT(fds), LOOK_UP_MS) == 0)
            callback_waiting(callbacks, SSA_WAIT_CLOSING, NULL, -1);
        if (!hosted_hear(one->host, callbacks))
            fds[1].fd = -1;
    }
}

static void end(struct retired *one, const struct ssa_callbacks *callbacks)
{
    hosted_end(one->host, CKR_HOST_INTERRUPTED, CALL_FINALIZE, callbacks);
    hosted_leave(&one->host);
    free(one);
}

void retired_settle(unsigned most_ms, const struct ssa_callbacks *callbacks)
{
    for (struct retired *one = take_one(true); one != NULL; one = take_one(true)) {
        wait_for(one, one->since + most_ms, callbacks);
        end(one, callbacks);
    }
}

void retired_look(void)
{
    static const struct ssa_callbacks nobody;
    for (struct retired *one = take_one(false); one != NULL; one = take_one(false))
        end(one, &nobody);
}
