// What all parts of the service share: its mutex, its profiles, notes for the log, and the answers to those who wait.
#include "agent/service/service_own.h"

#include <stdarg.h>
#include <stdlib.h>

#include "core/boot_clock.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "core/thread.h"

void service_enter(struct service *service)
{
    // It is of the default kind, and no thread locks it twice. So locking cannot fail.
    (void)pthread_mutex_lock(&service->mutex);
}

void service_leave(struct service *service)
{
    (void)pthread_mutex_unlock(&service->mutex);
}

void service_wait(struct service *service, pthread_cond_t *condition, long long until)
{
    // The two clocks differ while the machine sleeps: so it is not relied on for long.
    const long long left = until - boot_ms();
    if (left > 0)
        (void)thread_wait_until(condition, &service->mutex, monotonic_ms() + (left < LOOK_MS ? left : LOOK_MS));
}

void profile_note(struct profile *p, enum ssa_level level, const char *line, ...)
{
    va_list args;
    va_start(args, line);
    text_harmless_format(p->note, sizeof p->note, line, args);
    va_end(args);
    p->note_level = level;
    p->note_is_there = true;
}

static void tell_notes(struct service *service)
{
    char line[NOTE_MAX];
    for (size_t i = 0; i < service->profile_count; i++) {
        struct profile *p = &service->profiles[i];
        if (!p->note_is_there)
            continue;
        p->note_is_there = false;
        memcpy(line, p->note, sizeof line);
        const enum ssa_level level = p->note_level;
        if (service->config.tell == NULL)
            continue;
        service_leave(service);
        service->config.tell(service->config.context, level, line);
        service_enter(service);
    }
}

// With the mutex: also sees whether the profile is still what the caller took it for.
static void count_answer(struct service *service, struct asking *asking, const struct cache_answers *answers)
{
    asking->differs = asking->named && asking->facts_number != asking->profile->facts_number;
    const bool given = answers->access != NULL && !asking->differs;
    service->counts.served += given;
    service->counts.failed += !given;
    service->counts.rate_limited += answers->access == NULL && answers->err.code == SSA_RATE_LIMIT;
}

static OWN_FRAME void answer_one(const struct asking *asking, const struct cache_answers *answers)
{
    struct outcome outcome = {.err = answers->err, .retry_after = answers->retry_after};
    if (answers->access != NULL && asking->differs) {
        error_because(&outcome.err, SSA_CONFIG, SSA_REASON_AGENT_DIFFERS, profile_shown(asking->profile),
                      "the profile was changed to another service account");
    } else if (answers->access != NULL) {
        outcome.access = access_keep(answers->access);
        outcome.fresh = true;
    }
    asking->later(asking->context, &outcome);
}

void service_answer(struct service *service, struct cache_answers *answers)
{
    struct cache_waiter *next = answers->waiters;
    answers->waiters = NULL;
    for (struct cache_waiter *w = next; w != NULL; w = w->next)
        count_answer(service, (struct asking *)w, answers);
    if (next != NULL) {
        service_leave(service);
        while (next != NULL) {
            struct asking *asking = (struct asking *)next;
            next = next->next;
            answer_one(asking, answers);
            free(asking);
        }
        service_enter(service);
    }
    cache_answers_end(answers);
    tell_notes(service);
}

const char *profile_shown(const struct profile *p)
{
    const char *usual = ssa_settings_value(p->service->config.run.settings, "SSA_HSM_PROFILE");
    return p->name != NULL ? p->name : text_present(usual) ? usual : PROFILE_DEFAULT;
}

struct profile *service_find(struct service *s, const char *name, struct ssa_error *err)
{
    if (!text_present(name))
        return &s->profiles[0];
    for (size_t i = 0; i < s->profile_count; i++)
        if (strcmp(profile_shown(&s->profiles[i]), name) == 0)
            return &s->profiles[i];
    error_set(err, SSA_CONFIG, NULL, NULL, "the agent does not serve the profile \"%s\"", name);
    (void)error_reason(err, SSA_REASON_AGENT_PROFILE, "%s", name);
    return NULL;
}
