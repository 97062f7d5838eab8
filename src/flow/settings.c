// Settings: collecting them from their sources, and choosing.
#include "flow/settings_own.h"

#include <stdlib.h>

#include "core/text.h"
#include "flow/reference.h"
#include "hsm/uri.h"

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
    free(s->entries);
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

static bool is_secured(const struct ssa_settings *s, struct span name)
{
    for (size_t i = 0; i < s->variable_count; i++)
        if (span_equal(s->variables[i].name, name))
            return true;
    return false;
}

// The variable that a reference env:NAME reads.
static bool secure_variable(struct ssa_settings *s, const char *reference, struct ssa_error *err)
{
    if (!text_present(reference) || source_kind(reference) != SOURCE_ENV)
        return true;
    const struct span name = span_text(source_name(reference));
    if (is_secured(s, name))
        return true;
    for (char **entry = s->entries; entry != NULL && *entry != NULL && s->variable_count < VARIABLES_MAX;
         entry++) {
        if (strcspn(*entry, "=") != name.len || memcmp(*entry, name.data, name.len) != 0 ||
            (*entry)[name.len] == '\0' || (*entry)[name.len + 1] == '\0')
            continue;
        const char *copy = secure(s, *entry + name.len + 1, s->overwrite, err);
        if (copy == NULL)
            return false;
        s->variables[s->variable_count].name = span_of(*entry, name.len);
        s->variables[s->variable_count++].value = copy;
    }
    return true;
}

// The one that a PKCS#11 URI's pin-source reads. What is wrong with the URI is told when it is used.
static bool secure_pin_variable(struct ssa_settings *s, const char *text, struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    return !text_present(text) || !source_is_uri(text) || !uri_parse(text, &uri, NULL) ||
           secure_variable(s, uri_pin_source(uri), err);
}

bool settings_secure_variables(struct ssa_settings *s, const char *const values[static SETTING_COUNT],
                               const char *alias, struct ssa_error *err)
{
    return (alias == NULL || secure_variable(s, alias, err)) &&
           secure_variable(s, values[SET_CLIENT_SECRET], err) &&
           secure_variable(s, values[SET_PIN_SOURCE], err) &&
           secure_variable(s, values[SET_SO_PIN_SOURCE], err) &&
           secure_pin_variable(s, values[SET_PRIVATE_KEY], err) &&
           secure_pin_variable(s, values[SET_TOKEN], err);
}

// The entries are borrowed, the list of them need not last.
static bool keep_entries(struct ssa_settings *s, char **environment, struct ssa_error *err)
{
    size_t count = 0;
    while (environment[count] != NULL)
        count++;
    free(s->entries);
    s->entries = calloc(count + 1, sizeof *s->entries);
    if (s->entries == NULL)
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for settings");
    memcpy(s->entries, environment, count * sizeof *environment);
    return true;
}

bool ssa_settings_environment(struct ssa_settings *s, char **environment, bool overwrite,
                              struct ssa_error *err)
{
    s->overwrite = overwrite;
    if (!keep_entries(s, environment, err))
        return false;
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
    return settings_secure_variables(s, s->values[FROM_OPTION], NULL, err) &&
           settings_secure_variables(s, s->values[FROM_ENVIRONMENT], s->alias[FROM_ENVIRONMENT], err);
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
        if (span_is(s->variables[i].name, name))
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
