#include "hsm/remote/retired.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/monotonic.h"

enum { LOOK_UP_MS = 20 };

struct retired {
    struct retired *next;
    struct helper process;
    struct module_output output;
    long long since;
    pid_t parent; // a child that was forked waits for none of them
};
static struct retired *all;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

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
    return any || helper_has_ended(&one->process) || monotonic_ms() >= one->since + CLOSING_MS;
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

bool retired_take(struct helper *process, struct module_output *output)
{
    struct retired *one = calloc(1, sizeof *one);
    if (one == NULL)
        return false;
    *one = (struct retired){.process = *process, .output = *output, .since = monotonic_ms(), .parent = getpid()};
    *process = (struct helper){.socket = -1, .process = -1};
    *output = (struct module_output){.fd = -1};
    put_in_front(one);
    return true;
}

static void wait_for(struct retired *one, long long until, const struct ssa_callbacks *callbacks)
{
    while (!helper_has_ended(&one->process) && monotonic_ms() < until && !callback_interrupted(callbacks)) {
        struct pollfd fds[] = {{.fd = one->process.process, .events = POLLIN},
                               {.fd = one->output.fd, .events = POLLIN}};
        if (poll(fds, COUNT(fds), LOOK_UP_MS) == 0)
            callback_waiting(callbacks, SSA_WAIT_CLOSING, NULL, -1);
        module_output_hear(&one->output, callbacks);
    }
}

static void end(struct retired *one, const struct ssa_callbacks *callbacks)
{
    (void)helper_end(&one->process, 0);
    module_output_close(&one->output, callbacks);
    module_output_free(&one->output);
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
