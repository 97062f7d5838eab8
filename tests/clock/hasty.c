// A clock that runs faster, for tests of what waits for a long time: LD_PRELOAD puts it in front of the C
// library. SSA_HASTY_CLOCK tells how many times faster. Only time that is measured (CLOCK_MONOTONIC) and
// waited for runs faster; the date and the processor's time do not.
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
enum { SECOND = 1000000000 };

static long long faster = 1, began;

static long long nanoseconds(const struct timespec *time)
{
    return time->tv_sec * (long long)SECOND + time->tv_nsec;
}

static struct timespec timespec_of(long long ns)
{
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

__attribute__((constructor)) static void begin(void)
{
    struct timespec now;
    const char *wanted = getenv("SSA_HASTY_CLOCK");
    if (wanted == NULL || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0)
        return;
    const long long number = strtoll(wanted, NULL, 10);
    faster = number < 1 ? 1 : number;
    began = nanoseconds(&now);
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *time)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_MONOTONIC)
        *time = timespec_of(began + (nanoseconds(time) - began) * faster);
    return result;
}

PUBLIC int nanosleep(const struct timespec *time, struct timespec *rest)
{
    const struct timespec shorter = timespec_of(nanoseconds(time) / faster);
    return (int)syscall(SYS_nanosleep, &shorter, rest);
}

PUBLIC int poll(struct pollfd *files, nfds_t count, int ms)
{
    const struct timespec shorter = timespec_of(ms * 1000000LL / faster);
    return (int)syscall(SYS_ppoll, files, count, ms < 0 ? NULL : &shorter, NULL, 0);
}

PUBLIC int ppoll(struct pollfd *files, nfds_t count, const struct timespec *time, const sigset_t *mask)
{
    struct timespec shorter = {0};
    if (time != NULL)
        shorter = timespec_of(nanoseconds(time) / faster);
    return (int)syscall(SYS_ppoll, files, count, time == NULL ? NULL : &shorter, mask, sizeof(unsigned long));
}

// The deadline is one of the clock above.
PUBLIC int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    *(void **)&wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    const struct timespec sooner = timespec_of(began + (nanoseconds(until) - began) / faster);
    return wait(condition, mutex, &sooner);
}
