// Settings: collecting them from their sources, and choosing.
#include "flow/settings_own.h"

#include <stdlib.h>

#include "core/text.h"
#include "flow/reference.h"

enum { ENVIRONMENT_SECRETS_MAX = 32 * 1024 };

static const struct {
    const char *name;
    bool secret; // copied to locked memory, and overwritten where it stood
} table[SETTING_COUNT] = {
    [SET_CLIENT_ID] = {"APS_CLIENT_ID", false},
    [SET_CLIENT_SECRET] = {"APS_SECRET_ID", true},
    [SET_ACCOUNT_ID] = {"SERVICE_ACCOUNT_ID", false},
    [SET_KEY_ID] = {"KEY_ID", false},
    [SET_EMAIL] = {"SSA_EMAIL", false},
    // A reference, but old blocks have a PEM here.
    [SET_PRIVATE_KEY] = {"PRIVATE_KEY", true},
    [SET_MODULE] = {"SSA_HSM_MODULE", false},
    [SET_TOKEN] = {"SSA_HSM_TOKEN", false},
    [SET_PIN_SOURCE] = {"SSA_HSM_PIN_SOURCE", false},
    [SET_SO_PIN_SOURCE] = {"SSA_HSM_SO_PIN_SOURCE", false},
    [SET_SCOPE] = {"SSA_HSM_SCOPE", false},
    [SET_PROFILE] = {"SSA_HSM_PROFILE", false},
    [SET_BASE_URL] = {"SSA_HSM_BASE_URL", false},
    [SET_AUDIENCE] = {"SSA_HSM_AUDIENCE", false},
    [SET_CACERT] = {"SSA_HSM_CACERT", false},
    [SET_CAPATH] = {"SSA_HSM_CAPATH", false},
};

const char setting_secret_alias[] = "APS_CLIENT_SECRET";

const char *setting_name(enum setting id)
{
    return table[id].name;
}

struct ssa_settings *ssa_settings_new(void)
{
    return calloc(1, sizeof(struct ssa_settings));
}

void ssa_settings_free(struct ssa_settings *s)
{
    if (s == NULL)
        return;
    secret_free(&s->environment);
    profiles_free(s);
    free(s);
}

enum setting setting_find(const char *name, size_t len)
{
    for (enum setting id = 0; id < SETTING_COUNT; id++)
        if (strlen(table[id].name) == len && memcmp(table[id].name, name, len) == 0)
            return id;
    return SETTING_COUNT;
}

bool setting_is_alias(const char *name, size_t len)
{
    return len == sizeof setting_secret_alias - 1 && memcmp(name, setting_secret_alias, len) == 0;
}

bool ssa_settings_option(struct ssa_settings *s, const char *name, const char *value, struct ssa_error *err)
{
    const enum setting id = setting_find(name, strlen(name));
    if (id == SETTING_COUNT)
        return error_set(err, SSA_USAGE, NULL, name, "there is no such setting");
    s->values[FROM_OPTION][id] = value;
    return true;
}

// Moves a secret out of the environment into locked memory.
static const char *secure(struct ssa_settings *s, char *value, bool overwrite, struct ssa_error *err)
{
    if (s->environment.data == NULL && !secret_new(&s->environment, ENVIRONMENT_SECRETS_MAX, err))
        return NULL;
    const size_t len = strlen(value);
    const char *copy = (const char *)s->environment.data + s->environment.len;
    // With the NUL, so that several fit one behind the other.
    if (!secret_append(&s->environment, span_of(value, len + 1))) {
        error_set(err, SSA_CONFIG, NULL, NULL, "the secrets in the environment are longer than %d bytes",
                  ENVIRONMENT_SECRETS_MAX);
        return NULL;
    }
    if (overwrite)
        wipe(value, len);
    return copy;
}

// The variable that a reference env:NAME reads, moved to locked memory: a process of ours that asks unknown
// modules for their tokens has no business with a PIN.
static bool secure_variable(struct ssa_settings *s, const char *reference, char **environment, bool overwrite,
                            struct ssa_error *err)
{
    if (!text_present(reference) || source_kind(reference) != SOURCE_ENV ||
        s->variable_count == VARIABLES_MAX)
        return true;
    const char *name = source_name(reference);
    const size_t len = strlen(name);
    for (char **entry = environment; *entry != NULL; entry++) {
        if (strncmp(*entry, name, len) != 0 || (*entry)[len] != '=' || (*entry)[len + 1] == '\0')
            continue;
        const char *copy = secure(s, *entry + len + 1, overwrite, err);
        if (copy == NULL)
            return false;
        s->variables[s->variable_count].name = name;
        s->variables[s->variable_count++].value = copy;
    }
    return true;
}

bool ssa_settings_environment(struct ssa_settings *s, char **environment, bool overwrite,
                              struct ssa_error *err)
{
    for (char **entry = environment; *entry != NULL; entry++) {
        const size_t len = strcspn(*entry, "=");
        const enum setting id = setting_find(*entry, len);
        const bool alias = setting_is_alias(*entry, len);
        if ((id == SETTING_COUNT && !alias) || (*entry)[len] == '\0')
            continue;
        const char *value = *entry + len + 1;
        if (alias || table[id].secret) {
            value = secure(s, *entry + len + 1, overwrite, err);
            if (value == NULL)
                return false;
        }
        if (alias)
            s->alias[FROM_ENVIRONMENT] = value;
        else
            s->values[FROM_ENVIRONMENT][id] = value;
    }
    static const enum setting_source known[] = {FROM_OPTION, FROM_ENVIRONMENT};
    static const enum setting references[] = {SET_PIN_SOURCE, SET_SO_PIN_SOURCE};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 2; k++)
            if (!secure_variable(s, s->values[known[i]][references[k]], environment, overwrite, err))
                return false;
    return true;
}

const char *settings_from(const struct ssa_settings *s, enum setting_source source, enum setting id)
{
    return source == FROM_PROFILE ? settings_of_profile(s, s->current, id) : s->values[source][id];
}

// What a source says of the client secret, by either of its names.
static const char *client_secret_from(const struct ssa_settings *s, enum setting_source source)
{
    const char *value = settings_from(s, source, SET_CLIENT_SECRET);
    if (text_present(value))
        return value;
    if (source != FROM_PROFILE)
        return s->alias[source];
    return s->current < s->profile_count ? s->profiles[s->current].alias : NULL;
}

const char *settings_secret_variable(const struct ssa_settings *s, const char *reference)
{
    if (source_kind(reference) != SOURCE_ENV)
        return NULL;
    const char *name = source_name(reference);
    for (size_t i = 0; i < s->variable_count; i++)
        if (strcmp(s->variables[i].name, name) == 0)
            return s->variables[i].value;
    if (strcmp(name, setting_secret_alias) == 0)
        return s->alias[FROM_ENVIRONMENT];
    const enum setting id = setting_find(name, strlen(name));
    return id != SETTING_COUNT && table[id].secret ? s->values[FROM_ENVIRONMENT][id] : NULL;
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
            id == SET_CLIENT_SECRET ? client_secret_from(s, order[i]) : settings_from(s, order[i], id);
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
