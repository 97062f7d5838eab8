// What callers want: an access token, or an assertion.
#include "agent/service/service_own.h"

#include <stdlib.h>

#include "agent/cache/scope_set.h"
#include "core/boot_clock.h"
#include "core/monotonic.h"
#include "core/text.h"

static bool agrees(const char *theirs, const char *ours, const char *what, struct ssa_error *err)
{
    if (theirs == NULL || strcmp(theirs, ours) == 0)
        return true;
    error_set(err, SSA_CONFIG, NULL, NULL, "the agent's profile has another %s: %s", what, ours);
    return error_reason(err, SSA_REASON_AGENT_DIFFERS, "%s", what);
}

// The same address may end with a slash or not.
static bool same_address(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    a_len -= a_len > 0 && a[a_len - 1] == '/';
    b_len -= b_len > 0 && b[b_len - 1] == '/';
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static bool profile_agrees(const struct profile *p, const struct demand *demand, struct ssa_error *err)
{
    const struct profile_facts *facts = &p->facts;
    const bool here = demand->base_url == NULL || same_address(demand->base_url, facts->base_url);
    return agrees(demand->client_id, facts->client_id, "client id", err) &&
           agrees(demand->account, facts->account, "service account", err) &&
           (here || agrees(demand->base_url, facts->base_url, "address of the API", err));
}

static void stopped_error(struct ssa_error *err)
{
    error_because(err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL, "the agent stops");
}

static void refused_error(struct ssa_error *err)
{
    error_because(err, SSA_REFUSED, SSA_REASON_AGENT_REFUSES, NULL,
                  "this caller may not have an access token for these scopes");
}

static bool may_have(const struct service *s, const struct profile *p, const struct demand *demand,
                     struct ssa_error *err)
{
    if (atomic_load(&s->stopping)) {
        stopped_error(err);
        return false;
    }
    if (!profile_agrees(p, demand, err))
        return false;
    if (!profile_is_locked(p))
        return true;
    profile_locked_error(p, err);
    return false;
}

// The scopes of a demand as a set; those of the profile where it has none.
static bool read_scope(const struct demand *demand, char set[static ACCESS_SCOPE_MAX], struct ssa_error *err)
{
    static const struct ssa_callbacks nobody = {0};
    set[0] = '\0';
    return !text_present(demand->scope) || scope_set(demand->scope, set, &nobody, err);
}

static unsigned patience_of(const struct demand *demand)
{
    return demand->patience_ms > 0 ? demand->patience_ms : SERVICE_PATIENCE_MS;
}

static void begin_wait(struct service *s, struct profile *p, long long deadline)
{
    s->spare = NULL;
    (void)pthread_cond_signal(&p->work);
    if (s->clock_at == 0 || deadline < s->clock_at)
        (void)pthread_cond_signal(&s->tick);
}

// With the mutex.
static enum cache_reply ask_cache(struct service *s, struct profile *p, const struct demand *demand, const char *scope,
                                  const struct asking *asking, long long now, struct outcome *outcome)
{
    if (demand->within != NULL && !scope_within(scope[0] != '\0' ? scope : p->facts.scope, demand->within)) {
        refused_error(&outcome->err);
        return CACHE_FAILED;
    }
    p->asked_at = now;
    if (!may_have(s, p, demand, &outcome->err))
        return CACHE_FAILED;
    if (s->spare == NULL && (s->spare = malloc(sizeof *s->spare)) == NULL) {
        error_set(&outcome->err, SSA_UNEXPECTED, NULL, NULL, "no memory for a caller that waits");
        return CACHE_FAILED;
    }
    *s->spare = *asking;
    s->spare->profile = p;
    s->spare->facts_number = p->facts_number;
    s->spare->named = demand->client_id != NULL || demand->account != NULL || demand->base_url != NULL;
    const struct cache_demand wanted = {.profile = p->index,
                                        .scope = scope[0] != '\0' ? scope : p->facts.scope,
                                        .min_ttl_ms = demand->min_ttl * 1000LL,
                                        .force = demand->force,
                                        .deadline = now + patience_of(demand)};
    const enum cache_reply reply =
        cache_ask(s->cache, &wanted, &s->spare->waiter, now, &outcome->access, &outcome->err, &outcome->retry_after);
    if (reply == CACHE_WAITS)
        begin_wait(s, p, wanted.deadline);
    if (reply == CACHE_HIT_DUE)
        (void)pthread_cond_signal(&p->work);
    return reply;
}

static enum cache_reply ask(struct service *s, struct profile *p, const struct demand *demand, const char *scope,
                            const struct asking *asking, struct outcome *outcome)
{
    const long long now = boot_ms();
    const enum cache_reply reply = ask_cache(s, p, demand, scope, asking, now, outcome);
    // A file may have been changed, so that the reason is gone. The next caller must not wait for that to be noticed.
    if (reply == CACHE_FAILED && now > p->refreshed_at + REFRESH_MS)
        (void)pthread_cond_signal(&p->work);
    return reply;
}

enum service_answer service_token(struct service *s, const struct demand *demand, struct outcome *outcome,
                                  void (*later)(void *context, struct outcome *outcome), void *context)
{
    char scope[ACCESS_SCOPE_MAX];
    struct asking asking = {.later = later, .context = context};
    outcome->access = NULL;
    outcome->fresh = false;
    outcome->retry_after = 0;
    outcome->err.code = SSA_OK;
    struct profile *p = service_find(s, demand->profile, &outcome->err);
    if (p == NULL || !read_scope(demand, scope, &outcome->err))
        return SERVICE_DONE;
    service_enter(s);
    const enum cache_reply reply = ask(s, p, demand, scope, &asking, outcome);
    const bool hit = reply == CACHE_HIT || reply == CACHE_HIT_DUE;
    s->counts.served += hit;
    s->counts.from_cache += hit;
    s->counts.failed += reply == CACHE_FAILED;
    s->counts.rate_limited += reply == CACHE_FAILED && outcome->err.code == SSA_RATE_LIMIT;
    service_leave(s);
    return reply == CACHE_WAITS ? SERVICE_LATER : SERVICE_DONE;
}

static bool asked_with(const struct cache_waiter *waiter, const void *context)
{
    return ((const struct asking *)waiter)->context == context;
}

bool service_give_up(struct service *s, const void *context)
{
    service_enter(s);
    struct cache_waiter *waiter = cache_leave(s->cache, asked_with, context);
    s->counts.failed += waiter != NULL;
    service_leave(s);
    free((struct asking *)waiter);
    return waiter != NULL;
}

bool service_assertion(struct service *s, const struct demand *demand, unsigned lifetime, bool not_before,
                       struct secret *assertion, struct ssa_error *err)
{
    struct link_request request = {.call = LINK_ASSERTION, .lifetime = lifetime, .not_before = not_before};
    struct profile *p = service_find(s, demand->profile, err);
    if (p == NULL || !read_scope(demand, request.scope, err))
        return false;
    service_enter(s);
    p->asked_at = boot_ms();
    const bool may = may_have(s, p, demand, err);
    if (request.scope[0] == '\0')
        memcpy(request.scope, p->facts.scope, sizeof request.scope);
    s->inside += may;
    struct link_status status = p->status;
    service_leave(s);
    if (!may)
        return false;
    const long long since = monotonic_ms();
    const bool done = link_assertion(p->link, &request, since + patience_of(demand), assertion, &status, err);
    profile_signed(p, request.scope, done, monotonic_ms() - since);
    service_enter(s);
    s->counts.signatures += done;
    profile_apply(p, &status, false);
    s->inside--;
    (void)pthread_cond_broadcast(&s->changed);
    service_leave(s);
    return done;
}
