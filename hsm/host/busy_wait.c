#include "hsm/host/busy_wait.h"

#include <sched.h>
#include <stdatomic.h>

enum {
    SOON_LEAST = 2,
    LONG_NS = 2 * 1000 * 1000, // what takes longer gains too little
    UNEVEN_NS = 500 * 1000,    // where the times differ by more, too much of the wait would be busy
    EARLY_NS = 200 * 1000,     // in a virtual machine, a sleep may last that much longer than it should
};

static atomic_int under_way;

void busy_wait_begin(void)
{
    (void)atomic_fetch_add_explicit(&under_way, 1, memory_order_relaxed);
}

void busy_wait_end(void)
{
    (void)atomic_fetch_sub_explicit(&under_way, 1, memory_order_relaxed);
}

bool busy_wait_may(void)
{
    cpu_set_t cpus;
    const int calls = atomic_load_explicit(&under_way, memory_order_relaxed);
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 && 2 * calls <= CPU_COUNT(&cpus);
}

bool busy_wait_host_pays(const struct busy_wait_host *host, long long now)
{
    return host->soon >= SOON_LEAST && host->answered != 0 && now - host->answered < BUSY_WAIT_NS;
}

void busy_wait_host_heard(struct busy_wait_host *host, long long now)
{
    const bool soon = host->answered != 0 && now - host->answered < BUSY_WAIT_NS;
    host->soon = !soon ? 0 : host->soon < SOON_LEAST ? host->soon + 1 : SOON_LEAST;
    host->answered = 0;
}

bool busy_wait_caller_pays(const struct busy_wait_caller *caller, struct busy_wait_window *window)
{
    long long least = caller->took[0], most = caller->took[0];
    for (unsigned i = 1; i < BUSY_WAIT_TIMES; i++) {
        least = caller->took[i] < least ? caller->took[i] : least;
        most = caller->took[i] > most ? caller->took[i] : most;
    }
    *window = (struct busy_wait_window){.from = least - EARLY_NS, .until = most + BUSY_WAIT_NS};
    return caller->known == BUSY_WAIT_TIMES && most < LONG_NS && most - least < UNEVEN_NS;
}

void busy_wait_caller_took(struct busy_wait_caller *caller, long long ns)
{
    caller->took[caller->next] = ns;
    caller->next = (caller->next + 1) % BUSY_WAIT_TIMES;
    caller->known = caller->known < BUSY_WAIT_TIMES ? caller->known + 1 : BUSY_WAIT_TIMES;
}
