#include "core/thread.h"

#include <signal.h>
#include <time.h>

bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *context), void *context)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigset_t all, before;
    (void)sigfillset(&all);
    bool ok = (stack == 0 || pthread_attr_setstacksize(&attributes, stack) == 0) &&
              pthread_sigmask(SIG_BLOCK, &all, &before) == 0;
    if (ok) {
        ok = pthread_create(thread, &attributes, run, context) == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return ok;
}

void thread_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, long long until)
{
    const struct timespec when = {.tv_sec = (time_t)(until / 1000), .tv_nsec = until % 1000 * 1000000};
    return pthread_cond_timedwait(condition, mutex, &when) == 0;
}
