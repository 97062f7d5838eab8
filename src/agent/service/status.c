// How the service is, for those who ask.
#include <time.h>

#include "agent/service/service_own.h"
#include "core/boot_clock.h"
#include "core/text.h"

size_t service_profile_count(const struct service *service)
{
    return service->profile_count;
}

void service_profile_status(struct service *s, size_t profile, struct profile_status *status)
{
    struct profile *p = &s->profiles[profile];
    service_enter(s);
    struct link_status signer = p->status;
    if (!p->status.known)
        signer.state = p->locked_by_order ? SIGNER_LOCKED : SIGNER_LOST;
    *status = (struct profile_status){.name = profile_shown(p),
                                      .pin_socket = p->pin_socket,
                                      .locked = profile_is_locked(p),
                                      .signer = signer,
                                      .signer_starts = p->link != NULL ? link_starts(p->link) : 0,
                                      .entries = cache_profile_entries(s->cache, profile),
                                      .waiting = cache_profile_waiting(s->cache, profile),
                                      .last = p->last,
                                      .failed_at = p->failed_at,
                                      .budget_left = budget_left(cache_budget(s->cache, profile), boot_ms())};
    service_leave(s);
}

// Seconds since the epoch, for a time of the agent's clock.
static long long date_of(long long ms, long long now)
{
    return ms == 0 ? 0 : (long long)time(NULL) + (ms - now) / 1000;
}

static void describe(const struct service *s, size_t at, long long now, struct entry_status *entry)
{
    const struct cache_view view = cache_look(s->cache, at);
    *entry = (struct entry_status){.profile = profile_shown(&s->profiles[view.profile]),
                                   .expires = view.access != NULL ? view.access->expires : 0,
                                   .renews = date_of(view.renews, now),
                                   .in_flight = view.in_flight};
    // It fits: the rooms are the same.
    (void)text_format(entry->scope, sizeof entry->scope, "%s", view.scope);
}

size_t service_entries(struct service *s, struct entry_status *entries, size_t most)
{
    const long long now = boot_ms();
    service_enter(s);
    const size_t count = cache_count(s->cache);
    for (size_t i = 0; i < count && i < most; i++)
        describe(s, i, now, &entries[i]);
    service_leave(s);
    return count;
}

struct service_counts service_counts(struct service *s)
{
    service_enter(s);
    const struct service_counts counts = s->counts;
    service_leave(s);
    return counts;
}
