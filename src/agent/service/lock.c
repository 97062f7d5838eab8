// Locking and unlocking, as somebody orders it. The workers carry it out.
#include "agent/service/service_own.h"
#include "core/boot_clock.h"
#include "core/monotonic.h"

enum wish { WISH_LOCK, WISH_UNLOCK, WISH_RETRY };

// Returns the number that order.done has once it was carried out.
static unsigned long order(struct profile *p, struct order *order)
{
    order->wanted = true;
    p->lock_is_last = order == &p->lock;
    (void)pthread_cond_signal(&p->work);
    return order->begun + 1;
}

// Access tokens are gone at once, whatever the signer is doing.
static unsigned long order_lock(struct profile *p)
{
    struct ssa_error err;
    struct cache_answers answers;
    p->locked_by_order = true;
    atomic_store(&p->dropped, true);
    const unsigned long number = order(p, &p->lock);
    profile_locked_error(p, &err);
    cache_forget(p->service->cache, p->index, &err, &answers);
    service_answer(p->service, &answers);
    return number;
}

static unsigned long order_unlock(struct profile *p, bool pin_retry)
{
    p->pin_retry = p->pin_retry || pin_retry;
    return order(p, &p->unlock);
}

void profile_order_lock(struct profile *p)
{
    (void)order_lock(p);
}

static bool order_done(const struct order *order, unsigned long number)
{
    return (long)(order->done - number) >= 0;
}

static bool wait_for(struct profile *p, const struct order *order, unsigned long number, long long until,
                     struct ssa_error *err)
{
    struct service *s = p->service;
    while (!order_done(order, number) && !atomic_load(&s->stopping) && boot_ms() < until)
        service_wait(s, &s->changed, until);
    if (!order_done(order, number))
        return error_because(err, SSA_UNEXPECTED, SSA_REASON_TIMEOUT, profile_shown(p),
                             "the signer is still busy with something else");
    *err = order->err;
    return err->code == SSA_OK;
}

// The workers would lock only after their present work, which may wait for a touch. This ends that wait.
static void lock_signers(struct service *s, struct profile *only)
{
    service_leave(s);
    for (size_t i = 0; i < s->profile_count; i++)
        if (only == NULL || only == &s->profiles[i])
            profile_lock_signer(&s->profiles[i]);
    service_enter(s);
}

// All profiles are told first, and then waited for.
static bool carry_out(struct service *s, const char *profile, enum wish wish, struct ssa_error *err)
{
    const bool lock = wish == WISH_LOCK;
    unsigned long numbers[SERVICE_PROFILES_MAX] = {0};
    bool done = true;
    struct profile *only = profile != NULL ? service_find(s, profile, err) : NULL;
    if (profile != NULL && only == NULL)
        return false;
    service_enter(s);
    if (atomic_load(&s->stopping)) {
        service_leave(s);
        return error_because(err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL, "the agent stops");
    }
    s->inside++;
    const long long until = boot_ms() + ORDER_WAIT_MS;
    for (size_t i = 0; i < s->profile_count; i++) {
        struct profile *p = &s->profiles[i];
        if (only == NULL || only == p)
            numbers[i] = lock ? order_lock(p) : order_unlock(p, wish == WISH_RETRY);
    }
    if (lock)
        lock_signers(s, only);
    for (size_t i = 0; i < s->profile_count; i++) {
        struct profile *p = &s->profiles[i];
        struct ssa_error why;
        if ((only == NULL || only == p) && !wait_for(p, lock ? &p->lock : &p->unlock, numbers[i], until, &why) &&
            done) {
            *err = why;
            done = false;
        }
    }
    s->inside--;
    (void)pthread_cond_broadcast(&s->changed);
    service_leave(s);
    return done;
}

bool service_lock(struct service *service, const char *profile, struct ssa_error *err)
{
    return carry_out(service, profile, WISH_LOCK, err);
}

bool service_unlock(struct service *service, const char *profile, struct ssa_error *err)
{
    return carry_out(service, profile, WISH_UNLOCK, err);
}

bool service_retry(struct service *service, const char *profile, struct ssa_error *err)
{
    return carry_out(service, profile, WISH_RETRY, err);
}
