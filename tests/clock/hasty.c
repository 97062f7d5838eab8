// A clock that runs faster, for tests of what waits for a long time: LD_PRELOAD puts it in front of the C
// library. SSA_HASTY_CLOCK tells how many times faster. Only time that is measured (CLOCK_MONOTONIC, CLOCK_BOOTTIME)
// and waited for runs faster, from the start of the process on; the date and the processor's time do not.
//
// SSA_HASTY_SINCE (nanoseconds of the real CLOCK_MONOTONIC) is a beginning that several processes have in common. The
// date runs faster then, too.
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
enum { SECOND = 1000000000, MILLISECOND = 1000000 };

static long long faster = 1, began;
static bool dated;

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
    const char *wanted = getenv("SSA_HASTY_CLOCK"), *since = getenv("SSA_HASTY_SINCE");
    if (wanted == NULL || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0)
        return;
    const long long number = strtoll(wanted, NULL, 10);
    faster = number < 1 ? 1 : number;
    dated = since != NULL;
    began = dated ? strtoll(since, NULL, 10) : nanoseconds(&now);
}

// By how much it is ahead of the real time.
static long long ahead(void)
{
    struct timespec now;
    return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0 ? (nanoseconds(&now) - began) * (faster - 1) : 0;
}

static bool is_hasty(clockid_t clock)
{
    return clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || (clock == CLOCK_REALTIME && dated);
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *time)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && is_hasty(clock))
        *time = timespec_of(nanoseconds(time) + ahead());
    return result;
}

PUBLIC time_t time(time_t *seconds)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (seconds != NULL)
        *seconds = now.tv_sec;
    return now.tv_sec;
}

// What waits until a time waits for what is left until then.
PUBLIC int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest)
{
    struct timespec now = {0};
    long long wait = nanoseconds(time);
    if ((flags & TIMER_ABSTIME) != 0 && clock_gettime(clock, &now) == 0)
        wait -= nanoseconds(&now);
    const struct timespec shorter = timespec_of(wait < 0 ? 0 : is_hasty(clock) ? wait / faster : wait);
    return (int)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &shorter, rest) == 0 ? 0 : errno;
}

PUBLIC int epoll_wait(int epoll, struct epoll_event *events, int most, int ms)
{
    // Not zero, or what waits would not wait.
    const int shorter = ms <= 0 ? ms : (int)((ms + faster - 1) / faster);
    return (int)syscall(SYS_epoll_pwait, epoll, events, most, shorter, NULL, sizeof(unsigned long));
}

PUBLIC int nanosleep(const struct timespec *time, struct timespec *rest)
{
    const struct timespec shorter = timespec_of(nanoseconds(time) / faster);
    return (int)syscall(SYS_nanosleep, &shorter, rest);
}

PUBLIC int poll(struct pollfd *files, nfds_t count, int ms)
{
    const struct timespec shorter = timespec_of(ms * (long long)MILLISECOND / faster);
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
