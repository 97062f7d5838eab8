// What outlives the agent of its budgets.
#include "agent/service/service_own.h"
#include "core/boot_clock.h"

void service_budgets_open(struct service *s)
{
    const struct budget_boot boot = budget_boot_now();
    budget_file_open(&s->budget_file, s->config.kept, s->config.prefix, &boot, boot_ms());
}

void service_budgets_close(struct service *s)
{
    budget_file_close(&s->budget_file, boot_ms());
}

void profile_take_budget(struct profile *p, size_t budget)
{
    struct service *s = p->service;
    const char *name = p->facts.budget;
    cache_share_budget(s->cache, p->index, budget);
    // Another profile has it already.
    if (strcmp(s->budgets[budget], name) == 0)
        return;
    memcpy(s->budgets[budget], name, sizeof s->budgets[budget]);
    const struct budget_record *record = budget_file_find(&s->budget_file, name);
    if (record != NULL)
        budget_resume(cache_budget(s->cache, p->index), record, boot_ms());
}

void service_budget_keep(struct service *s, size_t budget)
{
    struct budget_record record;
    // The file's mutex first: so what is written last is the newest.
    (void)pthread_mutex_lock(&s->budget_file.mutex);
    service_enter(s);
    const bool named = s->budgets[budget][0] != '\0';
    size_t place = 0;
    if (named) {
        budget_record_make(cache_budget_at(s->cache, budget), s->budgets[budget], &s->budget_file.boot, &record);
        place = budget_file_keep(&s->budget_file, &record, boot_ms());
    }
    service_leave(s);
    if (named)
        budget_file_write(&s->budget_file, place);
    (void)pthread_mutex_unlock(&s->budget_file.mutex);
}
