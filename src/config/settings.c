#include "config/settings_own.h"

#include <stdlib.h>
#include <unistd.h>

#include "config/token_name.h"
#include "core/text.h"

struct ssa_settings *ssa_settings_new(void)
{
    return calloc(1, sizeof(struct ssa_settings));
}

void settings_note_process(struct ssa_settings *s)
{
    if (s->process == 0)
        s->process = getpid();
}

bool settings_check_process(const struct ssa_settings *s, struct ssa_error *err)
{
    if (s->process == 0 || s->process == getpid())
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "these settings were read by another process, which has forked this one");
    return error_hint(err, "A child process reads settings of its own.");
}

void profiles_free(struct ssa_settings *s)
{
    for (size_t i = 0; i < s->profile_count; i++)
        secret_free(&s->profiles[i].text);
    free(s->profiles);
    s->profiles = NULL;
    s->profile_count = s->current = 0;
    s->profile_first = false;
    if (s->environment.data == NULL)
        s->process = 0;
}

void ssa_settings_free(struct ssa_settings *s)
{
    if (s == NULL)
        return;
    secret_free(&s->environment);
    free(s->entries);
    profiles_free(s);
    free(s);
}

bool ssa_settings_option(struct ssa_settings *s, const char *name, const char *value, struct ssa_error *err)
{
    const enum setting id = setting_find(name, strlen(name));
    err = ERROR_OR_IGNORED(err);
    if (id == SETTING_COUNT)
        return error_set(err, SSA_USAGE, NULL, name, "there is no such setting");
    // Elsewhere an empty value counts as unset. An empty option would make the command use another token.
    if (id == SET_TOKEN && value != NULL && !token_name_check(value, err))
        return false;
    s->values[FROM_OPTION][id] = value;
    return true;
}

const char *settings_of_profile(const struct ssa_settings *s, size_t profile, enum setting id)
{
    return profile < s->profile_count ? s->profiles[profile].values[id] : NULL;
}

const char *settings_from(const struct ssa_settings *s, enum setting_source source, enum setting id)
{
    return source == FROM_PROFILE ? settings_of_profile(s, s->current, id) : s->values[source][id];
}

const char *settings_secret_from(const struct ssa_settings *s, enum setting_source source)
{
    const char *value = settings_from(s, source, SET_CLIENT_SECRET);
    if (!text_present(value))
        value = settings_from(s, source, SET_SECRET_ALIAS);
    return text_present(value) ? value : NULL;
}

void settings_order(const struct ssa_settings *s, enum setting_source order[static SOURCE_COUNT])
{
    order[0] = FROM_OPTION;
    order[1] = s->profile_first ? FROM_PROFILE : FROM_ENVIRONMENT;
    order[2] = s->profile_first ? FROM_ENVIRONMENT : FROM_PROFILE;
}

const char *settings_get(const struct ssa_settings *s, enum setting id, enum setting_source *source)
{
    enum setting_source order[SOURCE_COUNT];
    settings_order(s, order);
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        const char *value =
            id == SET_CLIENT_SECRET ? settings_secret_from(s, order[i]) : settings_from(s, order[i], id);
        if (!text_present(value))
            continue;
        if (source != NULL)
            *source = order[i];
        return value;
    }
    if (source != NULL)
        *source = FROM_NOWHERE;
    return NULL;
}

const char *ssa_settings_value(const struct ssa_settings *s, const char *name)
{
    const enum setting id = setting_find(name, strlen(name));
    return id == SETTING_COUNT ? NULL : settings_get(s, id, NULL);
}

bool settings_profile_first(const struct ssa_settings *s)
{
    return s->profile_first;
}

const char *settings_first(const struct ssa_settings *s, enum setting id)
{
    enum setting_source order[SOURCE_COUNT];
    const char *value = NULL;
    settings_order(s, order);
    for (size_t i = 0; i < SOURCE_COUNT && value == NULL; i++)
        value = settings_from(s, order[i], id);
    return value;
}

const char *settings_or_default(const struct ssa_settings *s, enum setting id)
{
    const char *value = settings_get(s, id, NULL);
    return value != NULL ? value : setting_default(id);
}

bool settings_names_keyring(const struct ssa_settings *s, bool *named, struct ssa_error *err)
{
    const char *value = settings_get(s, SET_CACHE, NULL);
    *named = value != NULL && strcmp(value, "keyring") == 0;
    return value == NULL || *named || strcmp(value, "off") == 0 ||
           error_set(err, SSA_CONFIG, NULL, setting_name(SET_CACHE), "is neither \"keyring\" nor \"off\"");
}

const char *settings_base_url(const struct ssa_settings *settings)
{
    return settings_or_default(settings, SET_BASE_URL);
}
