// The thread that ends the waits of callers, and locks what nobody uses.
#include "agent/service/service_own.h"

#include "core/boot_clock.h"

enum { NEVER_MS = 3600000 };

// Returns when the next profile may be idle for long enough.
static long long lock_idle(struct service *s, long long now)
{
    long long next = now + NEVER_MS;
    for (size_t i = 0; s->config.lock_after > 0 && i < s->profile_count; i++) {
        struct profile *p = &s->profiles[i];
        const long long at = p->asked_at + s->config.lock_after * 1000LL;
        if (profile_is_locked(p))
            continue;
        if (at > now) {
            next = at < next ? at : next;
            continue;
        }
        profile_note(p, SSA_NOTICE, "profile %s: locked, since nobody has asked for %u s", profile_shown(p),
                     s->config.lock_after);
        profile_order_lock(p);
    }
    return next;
}

void *service_clock(void *context)
{
    struct service *s = context;
    service_enter(s);
    while (!atomic_load(&s->stopping)) {
        struct cache_answers answers;
        const long long now = boot_ms();
        if (cache_expired(s->cache, now, &answers)) {
            service_answer(s, &answers);
            continue;
        }
        const long long idle = lock_idle(s, now), first = cache_deadline(s->cache);
        s->clock_at = first != 0 && first < idle ? first : idle;
        service_wait(s, &s->tick, s->clock_at);
    }
    service_leave(s);
    return NULL;
}
