#include "hsm/host/ending.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 1 };

static pthread_mutex_t overwriting = PTHREAD_MUTEX_INITIALIZER;

void ending_hold(void)
{
    (void)pthread_mutex_lock(&overwriting);
}

void ending_release(void)
{
    (void)pthread_mutex_unlock(&overwriting);
}

void ending_now(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    // It is not given back: no other call may begin before the process has ended.
    (void)pthread_mutex_clocklock(&overwriting, CLOCK_MONOTONIC, &until);
    _exit(0);
}
