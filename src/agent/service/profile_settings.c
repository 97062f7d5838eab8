// A profile's settings, which are read again when its file changes: a rotation of the key replaces that.
#include "agent/cache/scope_set.h"
#include "agent/service/service_own.h"
#include "config/identity.h"
#include "core/callback.h"
#include "core/shortage.h"
#include "core/text.h"

// What the folders below say goes to the log.
static void hear(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    const struct profile *p = context;
    const struct service_config *config = &p->service->config;
    if (config->tell != NULL)
        config->tell(config->context, level, notice->text);
}

static bool is_dropped(void *context)
{
    const struct profile *p = context;
    return atomic_load(&p->dropped) || atomic_load(&p->service->stopping);
}

// What is read before it takes effect.
struct reading {
    struct ssa_settings *settings;
    struct file_mark file;
    struct profile_facts facts;
};

static bool read_facts(const struct ssa_settings *settings, const struct ssa_run *run, struct profile_facts *facts,
                       struct ssa_error *err)
{
    struct identity identity;
    struct ssa_run with = *run;
    const char *client_id = NULL;
    with.settings = settings;
    if (!identity_read(settings, true, &identity, err) || !client_id_read(&with, &client_id, err))
        return false;
    if (!scope_set(settings_or_default(settings, SET_SCOPE), facts->scope, &run->callbacks, err))
        return false;
    budget_name(settings_base_url(settings), client_id, facts->budget);
    return (text_format(facts->client_id, sizeof facts->client_id, "%s", client_id) &&
            text_format(facts->account, sizeof facts->account, "%s", identity.account_id) &&
            text_format(facts->base_url, sizeof facts->base_url, "%s", settings_base_url(settings))) ||
           error_set(err, SSA_CONFIG, NULL, settings_profile_path(settings), "a value is too long");
}

static bool read_profile(struct profile *p, struct reading *reading, struct ssa_error *err)
{
    const struct ssa_settings *base = p->service->config.run.settings;
    char path[PATH_TEXT_MAX];
    *reading = (struct reading){0};
    reading->settings = settings_again(base, err);
    if (reading->settings == NULL)
        return false;
    // Its state before it is read: what comes later is noticed.
    if (path_profile(profile_shown(p), path, ERROR_IGNORED))
        (void)file_mark_path(path, &reading->file);
    return ssa_settings_profile(reading->settings, p->name, false, &p->run.callbacks, err) &&
           read_facts(reading->settings, &p->run, &reading->facts, err);
}

static bool same_upstream(const struct profile_facts *a, const struct profile_facts *b)
{
    return strcmp(a->client_id, b->client_id) == 0 && strcmp(a->base_url, b->base_url) == 0;
}

// Profiles with the same client id at the same address have one budget. The number of a budget is that of a profile,
// perhaps of one that has gone to another budget since.
static size_t budget_for(const struct profile *p)
{
    const struct service *s = p->service;
    bool used[SERVICE_PROFILES_MAX] = {false};
    for (size_t i = 0; i < s->profile_count; i++) {
        const struct profile *other = &s->profiles[i];
        const size_t budget = cache_budget_number(s->cache, i);
        if (other == p || other->facts.client_id[0] == '\0')
            continue;
        if (same_upstream(&other->facts, &p->facts))
            return budget;
        used[budget] = true;
    }
    const size_t own = cache_budget_number(s->cache, p->index);
    for (size_t i = 0; used[own] && i < SERVICE_PROFILES_MAX; i++)
        if (!used[i])
            return i;
    return own;
}

// With the mutex.
static void take_facts(struct profile *p, const struct profile_facts *facts)
{
    struct service *s = p->service;
    const bool first = p->facts.client_id[0] == '\0', moved = !same_upstream(&p->facts, facts);
    const bool another = moved || strcmp(p->facts.account, facts->account) != 0;
    p->facts = *facts;
    if (moved)
        profile_take_budget(p, budget_for(p));
    if (first || !another)
        return;
    // These access tokens are for something else.
    p->facts_number++;
    cache_outdate(s->cache, p->index);
}

static void take(struct profile *p, const struct reading *reading)
{
    ssa_settings_free(p->settings);
    p->settings = reading->settings;
    p->run.settings = reading->settings;
    p->file = reading->file;
    service_enter(p->service);
    take_facts(p, &reading->facts);
    service_leave(p->service);
}

static OWN_FRAME bool load(struct profile *p, struct ssa_error *err)
{
    struct reading reading;
    if (read_profile(p, &reading, err)) {
        take(p, &reading);
        return true;
    }
    ssa_settings_free(reading.settings);
    // For want of descriptors, it was not looked into, and is tried again.
    if (!shortage_was_met(err))
        p->file = reading.file;
    return false;
}

bool profile_load(struct profile *p, struct ssa_error *err)
{
    p->run = p->service->config.run;
    p->run.overwrite = false;
    p->run.callbacks = (struct ssa_callbacks){
        .context = p, .tell = hear, .interrupted = is_dropped, .patience = p->service->config.run.callbacks.patience};
    return load(p, err);
}

// Whether the file of the profile is another one than the one that was read.
static bool file_has_changed(const struct profile *p)
{
    char path[PATH_TEXT_MAX];
    struct file_mark now;
    // One that is gone for a moment is not missed.
    return path_profile(profile_shown(p), path, ERROR_IGNORED) && file_mark_path(path, &now) &&
           !file_mark_same(&now, &p->file);
}

bool profile_refresh(struct profile *p)
{
    struct ssa_error err;
    bool changed = false;
    if (file_has_changed(p)) {
        changed = load(p, &err);
        const bool told = shortage_again(&p->lacks, changed ? NULL : &err);
        if (!changed && !told)
            tell(&p->run.callbacks, SSA_WARNING,
                 "profile %s: was changed and cannot be read, so it stays as it was: %s", profile_shown(p), err.what);
        // Its client secret may be another one, too.
        if (changed) {
            profile_secret_drop(p);
            profile_assertion_drop(p);
        }
    }
    return profile_secret_refresh(p) || changed;
}

void profile_unload(struct profile *p)
{
    client_secret_free(&p->secret);
    profile_assertion_drop(p);
    ssa_settings_free(p->settings);
    p->settings = NULL;
    p->run.settings = NULL;
}
