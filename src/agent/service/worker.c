// A profile's thread: it fetches, looks after the signer, and carries out orders. Only it and service_assertion wait
// for the signer.
#include <sys/random.h>
#include <time.h>

#include "agent/service/service_own.h"
#include "core/boot_clock.h"
#include "core/monotonic.h"

// Without the mutex before and after.
static bool ask(struct profile *p, enum link_call call, long long patience_ms, struct link_status *status,
                struct ssa_error *err)
{
    return link_ask(p->link, call, monotonic_ms() + patience_ms, status, err);
}

static void end_order(struct profile *p, struct order *order, const struct ssa_error *err)
{
    order->err = *err;
    order->done = order->begun;
    (void)pthread_cond_broadcast(&p->service->changed);
}

static void begin_order(struct order *order)
{
    order->wanted = false;
    order->begun++;
}

static void lock(struct profile *p)
{
    struct link_status status = p->status;
    struct ssa_error err = {0};
    begin_order(&p->lock);
    // What it was for has ended.
    atomic_store(&p->dropped, false);
    service_leave(p->service);
    const bool done = ask(p, LINK_LOCK, LINK_ORDER_MS, &status, &err);
    profile_secret_forget(p);
    service_enter(p->service);
    profile_apply(p, &status, true);
    // A signer that does not run has no PIN.
    if (done || status.state != SIGNER_OPEN)
        err = (struct ssa_error){0};
    end_order(p, &p->lock, &err);
}

static void unlock(struct profile *p)
{
    struct link_status status = p->status;
    struct ssa_error err = {0};
    const enum link_call call = p->pin_retry ? LINK_RETRY : LINK_UNLOCK;
    begin_order(&p->unlock);
    p->pin_retry = false;
    service_leave(p->service);
    const bool done = ask(p, call, LINK_ORDER_MS, &status, &err);
    service_enter(p->service);
    // Somebody may have locked it meanwhile.
    if (status.state == SIGNER_OPEN && !p->lock.wanted)
        p->locked_by_order = false;
    cache_relieve(p->service->cache, p->index);
    profile_apply(p, &status, true);
    if (status.state == SIGNER_OPEN)
        err = (struct ssa_error){0};
    else if (status.by_person)
        profile_locked_error(p, &err);
    else if (done)
        error_set(&err, SSA_UNEXPECTED, NULL, profile_shown(p), "the signer is not open, and does not say why");
    if (status.by_person)
        p->quick_until = boot_ms() + QUICK_LOOKS_MS;
    p->look_at = boot_ms() + QUICK_LOOK_MS;
    end_order(p, &p->unlock, &err);
}

// Whether the signer is only asked how it is, since a look would log in, or because a person must do that.
static bool looks_only(const struct profile *p)
{
    return p->locked_by_order || (p->status.known && (p->status.state == SIGNER_REFUSED ||
                                                      (p->status.by_person && p->status.state != SIGNER_OPEN)));
}

// Keeps the failure for those who ask how it is, and tells it where it is new.
static void note_failure(struct profile *p, const struct ssa_error *err)
{
    char line[ERROR_LINE_MAX];
    const bool same = p->last.code == err->code && strcmp(p->last.what, err->what) == 0;
    p->last = *err;
    p->failed_at = (long long)time(NULL);
    if (!same)
        profile_note(p, SSA_WARNING, "profile %s: %s", profile_shown(p), error_line(err, line));
}

static void look(struct profile *p)
{
    struct link_status status = p->status;
    struct ssa_error err = {0};
    const enum link_call call = looks_only(p) ? LINK_STATUS : LINK_LOOK;
    service_leave(p->service);
    const bool done = ask(p, call, LINK_LOOK_MS, &status, &err);
    service_enter(p->service);
    profile_apply(p, &status, true);
    if (!done)
        note_failure(p, &err);
    else if (p->failed_by_look)
        p->last.code = SSA_OK;
    p->failed_by_look = !done;
}

// Counts and tells what came of a fetch.
static void note_fetch(struct profile *p, const struct fetched *fetched, bool renewal)
{
    struct service *s = p->service;
    s->counts.signatures += fetched->signed_one;
    s->counts.upstream_requests += fetched->sent.requests;
    if (fetched->access != NULL) {
        s->counts.fetched++;
        s->counts.renewed += renewal;
        if (p->last.code != SSA_OK)
            profile_note(p, SSA_NOTICE, "profile %s: access tokens are fetched again", profile_shown(p));
        p->last.code = SSA_OK;
        p->failed_by_look = false;
        return;
    }
    note_failure(p, &fetched->err);
    p->failed_by_look = false;
}

static uint32_t random_number(void)
{
    uint32_t random = 0;
    // Without it, renewals are spread less.
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        return (uint32_t)monotonic_ms();
    return random;
}

static void land(struct profile *p, struct cache_entry *entry, struct fetched *fetched)
{
    struct service *s = p->service;
    struct cache_answers answers;
    const bool renewal = cache_entry_renews(entry);
    if (fetched->asked_link) {
        profile_apply(p, &fetched->status, true);
        // One that was lost may be there again at once.
        p->look_at = boot_ms() + (fetched->status.state == SIGNER_OPEN ? LOOK_MS : QUICK_LOOK_MS);
    }
    // What was dropped is no failure of the API.
    if (!cache_entry_is_discarded(entry))
        note_fetch(p, fetched, renewal);
    if (fetched->access != NULL)
        cache_fetched(s->cache, entry, fetched->access, &fetched->sent, boot_ms(), random_number(), &answers);
    else
        cache_failed(s->cache, entry, fetched->kind, fetched->common, &fetched->err, &fetched->sent, boot_ms(),
                     random_number(), &answers);
    // The budget is open again for the others.
    for (size_t i = 0; i < s->profile_count; i++)
        (void)pthread_cond_signal(&s->profiles[i].work);
    service_answer(s, &answers);
}

static OWN_FRAME void fetch_entry(struct profile *p, struct cache_entry *entry)
{
    struct service *s = p->service;
    struct fetched fetched = {.status = p->status, .sent.told = {.remaining = -1, .retry_after = -1}};
    const size_t budget = cache_budget_number(s->cache, p->index);
    atomic_store(&p->dropped, cache_entry_is_discarded(entry));
    // Its scope does not change, and it is not freed while it is in flight.
    service_leave(s);
    // Before it is sent: whoever comes after this agent counts it.
    service_budget_keep(s, budget);
    profile_fetch(p, cache_entry_scope(entry), &fetched);
    // An order to lock may be carried out before this thread waits, and after it nothing may be left.
    secret_wipe_stack();
    if (fetched.signed_one || fetched.signing_failed)
        profile_signed(p, cache_entry_scope(entry), fetched.signed_one, fetched.signing_ms);
    service_enter(s);
    land(p, entry, &fetched);
    service_leave(s);
    service_budget_keep(s, budget);
    service_enter(s);
}

// With the mutex: what somebody ordered, in the order in which it came.
static bool carry_out(struct profile *p)
{
    if (p->lock.wanted && (!p->lock_is_last || !p->unlock.wanted))
        lock(p);
    else if (p->unlock.wanted)
        unlock(p);
    else
        return false;
    return true;
}

static void forget_secret(struct profile *p)
{
    p->forget_secret = false;
    service_leave(p->service);
    profile_secret_forget(p);
    service_enter(p->service);
}

// Does one thing, or waits until there is something to do.
static void work_once(struct profile *p)
{
    struct service *s = p->service;
    if (carry_out(p))
        return;
    if (p->forget_secret)
        forget_secret(p);
    p->refreshed_at = boot_ms();
    service_leave(s);
    const bool changed = profile_refresh(p);
    service_enter(s);
    if (changed)
        cache_relieve(s->cache, p->index);
    const long long now = boot_ms();
    cache_tidy(s->cache, now);
    struct cache_entry *entry = profile_is_locked(p) ? NULL : cache_next(s->cache, p->index, now);
    if (entry != NULL) {
        fetch_entry(p, entry);
    } else if (now >= p->look_at) {
        look(p);
        p->look_at = boot_ms() + (boot_ms() < p->quick_until && profile_is_locked(p) ? QUICK_LOOK_MS : LOOK_MS);
    } else {
        const long long wakes = cache_wakes(s->cache, p->index, now, LOOK_MS);
        // Registers keep a piece of what was read last, also when it is to be forgotten.
        secret_wipe_stack();
        if (!p->lock.wanted && !p->unlock.wanted && !atomic_load(&s->stopping))
            service_wait(s, &p->work, wakes < p->look_at ? wakes : p->look_at);
    }
}

void *profile_work(void *context)
{
    struct profile *p = context;
    service_enter(p->service);
    while (!atomic_load(&p->service->stopping))
        work_once(p);
    service_leave(p->service);
    return NULL;
}
