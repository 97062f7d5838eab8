// Starting the service, and ending it.
#include "agent/service/service_own.h"

#include <errno.h>
#include <stdlib.h>

#include "core/boot_clock.h"
#include "core/text.h"
#include "core/thread.h"

static bool make_pin_socket(struct profile *p, const char *folder, struct ssa_error *err)
{
    const char *given = p->service->config.prefix, *prefix = given != NULL ? given : "",
               *dot = given != NULL ? "." : "";
    // A path is no file name; its number tells it from others.
    const bool plain = strchr(profile_shown(p), '/') == NULL;
    const bool fits =
        plain ? text_format(p->pin_socket, sizeof p->pin_socket, "%s/%s%s%s.pin", folder, prefix, dot, profile_shown(p))
              : text_format(p->pin_socket, sizeof p->pin_socket, "%s/%s%s%zu.pin", folder, prefix, dot, p->index + 1);
    return fits || error_errno(err, SSA_CONFIG, ENAMETOOLONG, folder, "the path of a socket is too long");
}

static bool open_link(struct profile *p, struct ssa_error *err)
{
    const struct service_config *config = &p->service->config;
    if (!signer_environment_new(p->settings, &p->environment, err))
        return false;
    const struct link_config link = {.profile = p->name,
                                     .pin_socket = p->pin_socket,
                                     .environment = p->environment.list,
                                     .pin_retry = config->run.pin_retry,
                                     .tell = config->tell,
                                     .context = config->context};
    if (!link_open(&link, &p->link, err))
        return false;
    // There is no signer yet: the first one starts locked.
    p->locked_by_order = config->locked;
    if (config->locked)
        profile_lock_signer(p);
    return true;
}

// Two signers would have one PIN socket, and nobody could ask for the second profile.
static bool is_new(const struct profile *p, struct ssa_error *err)
{
    for (size_t i = 0; i < p->index; i++)
        if (strcmp(profile_shown(&p->service->profiles[i]), profile_shown(p)) == 0)
            return error_set(err, SSA_CONFIG, NULL, profile_shown(p), "this profile is named twice");
    return true;
}

static bool open_profile(struct profile *p, struct ssa_error *err)
{
    return is_new(p, err) && make_pin_socket(p, p->service->config.folder, err) && profile_load(p, err) &&
           profile_secret_load(p, err) && open_link(p, err);
}

static bool start_threads(struct service *s, struct ssa_error *err)
{
    s->clocks = thread_start(&s->clock, WORKER_STACK, service_clock, s);
    bool all = s->clocks;
    for (size_t i = 0; all && i < s->profile_count; i++) {
        struct profile *p = &s->profiles[i];
        all = p->works = thread_start(&p->worker, WORKER_STACK, profile_work, p);
    }
    return all || error_errno(err, SSA_UNEXPECTED, EAGAIN, NULL, "a thread cannot be started");
}

static bool start(struct service *s, struct ssa_error *err)
{
    s->cache = cache_new(err);
    if (s->cache == NULL)
        return false;
    for (size_t i = 0; i < s->config.profile_count; i++) {
        struct profile *p = &s->profiles[i];
        *p = (struct profile){.service = s, .index = i, .name = s->config.profiles[i], .asked_at = boot_ms()};
        thread_condition_init(&p->work);
        s->profile_count = i + 1;
        if (!open_profile(p, err))
            return false;
    }
    // A thread begins with the registers of the one that has started it.
    secret_wipe_stack();
    return start_threads(s, err);
}

bool service_start(const struct service_config *config, struct service **service, struct ssa_error *err)
{
    *service = NULL;
    if (config->profile_count == 0 || config->profile_count > SERVICE_PROFILES_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "an agent serves 1 to %d profiles", SERVICE_PROFILES_MAX);
    struct service *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the agent");
    s->config = *config;
    (void)pthread_mutex_init(&s->mutex, NULL);
    thread_condition_init(&s->tick);
    thread_condition_init(&s->changed);
    service_budgets_open(s);
    if (!start(s, err)) {
        service_stop(s);
        service_free(s);
        return false;
    }
    *service = s;
    return true;
}

static void forget_all(struct service *s)
{
    struct ssa_error err;
    error_because(&err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL, "the agent stops");
    for (size_t i = 0; s->cache != NULL && i < s->profile_count; i++) {
        struct cache_answers answers;
        cache_forget(s->cache, i, &err, &answers);
        service_answer(s, &answers);
    }
}

static void end_threads(struct service *s)
{
    for (size_t i = 0; i < s->profile_count; i++)
        if (s->profiles[i].works)
            (void)pthread_join(s->profiles[i].worker, NULL);
    if (s->clocks)
        (void)pthread_join(s->clock, NULL);
}

void service_stop(struct service *s)
{
    service_enter(s);
    const bool stopped = atomic_exchange(&s->stopping, true);
    for (size_t i = 0; i < s->profile_count; i++)
        (void)pthread_cond_broadcast(&s->profiles[i].work);
    (void)pthread_cond_broadcast(&s->tick);
    (void)pthread_cond_broadcast(&s->changed);
    if (!stopped)
        forget_all(s);
    service_leave(s);
    // This ends their waits for a signer.
    for (size_t i = 0; !stopped && i < s->profile_count; i++)
        profile_lock_signer(&s->profiles[i]);
    service_enter(s);
    while (s->inside > 0)
        (void)pthread_cond_wait(&s->changed, &s->mutex);
    service_leave(s);
    if (stopped)
        return;
    end_threads(s);
    for (size_t i = 0; i < s->profile_count; i++) {
        // Somebody may still ask how it is.
        service_enter(s);
        struct signer_link *link = s->profiles[i].link;
        s->profiles[i].link = NULL;
        service_leave(s);
        link_close(link);
        signer_environment_free(&s->profiles[i].environment);
        profile_unload(&s->profiles[i]);
    }
    // What was in flight has landed: nobody is left in the cache.
    service_enter(s);
    forget_all(s);
    service_leave(s);
}

void service_free(struct service *s)
{
    if (s == NULL)
        return;
    service_budgets_close(s);
    cache_free(s->cache);
    for (size_t i = 0; i < s->profile_count; i++)
        (void)pthread_cond_destroy(&s->profiles[i].work);
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_cond_destroy(&s->tick);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s->spare);
    free(s);
}
