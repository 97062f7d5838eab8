#include "agent/service_fixture.h"

#include "core/unit.h"

#include "agent/fake_upstream.h"
#include "config/settings.h"
#include "core/text.h"

static struct ssa_settings *settings;
struct service *served;
atomic_uint served_warnings;
struct heard heard = {.mutex = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

void served_later(void *context, struct outcome *outcome)
{
    struct heard *h = context;
    (void)pthread_mutex_lock(&h->mutex);
    h->count++;
    h->given += outcome->access != NULL;
    h->err = outcome->err;
    h->fresh = outcome->fresh;
    if (outcome->access != NULL)
        (void)text_format(h->token, sizeof h->token, "%s", secret_text(&outcome->access->token));
    (void)pthread_cond_signal(&h->more);
    (void)pthread_mutex_unlock(&h->mutex);
    access_drop(outcome->access);
}

void served_wait(unsigned count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&heard.mutex);
    while (heard.count < count && pthread_cond_timedwait(&heard.more, &heard.mutex, &until) == 0)
        continue;
    const unsigned got = heard.count;
    (void)pthread_mutex_unlock(&heard.mutex);
    assert_int_equal(got, count);
}

static void tell_line(void *context, enum ssa_level level, const char *line)
{
    (void)context;
    (void)line;
    if (level == SSA_WARNING)
        (void)atomic_fetch_add(&served_warnings, 1);
}

int served_begin(void **state)
{
    static char *environment[] = {NULL};
    struct ssa_error err;
    if (unit_folder(state) != 0)
        return -1;
    fake_reset();
    atomic_store(&served_warnings, 0);
    heard.count = heard.given = 0;
    settings = ssa_settings_new();
    return settings != NULL && ssa_settings_environment(settings, environment, false, &err) ? 0 : -1;
}

int served_end(void **state)
{
    if (served != NULL) {
        service_stop(served);
        service_free(served);
    }
    served = NULL;
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

void served_profile(const char *name, const char *text)
{
    char path[64];
    assert_true(text_format(path, sizeof path, "config/ssa-hsm/%s.env", name));
    (void)unit_write(path, text, 0600);
    (void)chmod(unit_path("config/ssa-hsm"), 0700);
}

void served_start_with(const char *const *profiles, size_t count, unsigned lock_after)
{
    struct ssa_error err;
    const struct service_config config = {.profiles = profiles,
                                          .profile_count = count,
                                          .folder = unit_in,
                                          .lock_after = lock_after,
                                          .run = {.settings = settings},
                                          .tell = tell_line};
    SUCCEEDS(service_start(&config, &served, &err));
}

void served_start(void)
{
    static const char *const one[] = {"a"};
    served_profile("a", PROFILE("client", "account", "key", "secret"));
    served_start_with(one, 1, 0);
}

bool served_get(const struct demand *demand, struct ssa_error *err)
{
    static char token[64];
    struct outcome outcome;
    const unsigned before = heard.count, given = heard.given;
    if (service_token(served, demand, &outcome, served_later, &heard) == SERVICE_LATER) {
        served_wait(before + 1);
        *err = heard.err;
        return heard.given > given;
    }
    *err = outcome.err;
    if (outcome.access == NULL)
        return false;
    (void)text_format(token, sizeof token, "%s", secret_text(&outcome.access->token));
    memcpy(heard.token, token, sizeof token);
    heard.fresh = outcome.fresh;
    access_drop(outcome.access);
    return true;
}

struct profile_status served_status(size_t profile)
{
    struct profile_status status;
    service_profile_status(served, profile, &status);
    return status;
}
