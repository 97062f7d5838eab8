// Settings: collecting them from their sources, and choosing.
#include "flow/settings.h"
#include "flow/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "flow/dotenv.h"
#include "flow/reference.h"

enum { PROFILE_TEXT_MAX = 64 * 1024, ENVIRONMENT_SECRETS_MAX = 32 * 1024, VARIABLES_MAX = 8 };

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

struct ssa_settings {
    const char *values[SOURCE_COUNT][SETTING_COUNT];
    const char *alias[SOURCE_COUNT];
    struct secret environment; // copies of what was secret there
    struct {
        const char *name, *value; // of variables that env:NAME reads
    } variables[VARIABLES_MAX];
    size_t variable_count;
    struct secret profile; // the file's text; values point into it
    char profile_path[PATH_TEXT_MAX];
    bool profile_first;
};

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
    secret_free(&s->profile);
    free(s);
}

static enum setting find_name(const char *name, size_t len)
{
    for (enum setting id = 0; id < SETTING_COUNT; id++)
        if (strlen(table[id].name) == len && memcmp(table[id].name, name, len) == 0)
            return id;
    return SETTING_COUNT;
}

static bool is_alias(const char *name, size_t len)
{
    return len == sizeof setting_secret_alias - 1 && memcmp(name, setting_secret_alias, len) == 0;
}

bool ssa_settings_option(struct ssa_settings *s, const char *name, const char *value, struct ssa_error *err)
{
    const enum setting id = find_name(name, strlen(name));
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
        const enum setting id = find_name(*entry, len);
        const bool alias = is_alias(*entry, len);
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

static bool take_assignment(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct ssa_settings *s = context;
    const enum setting id = find_name(a->name, strlen(a->name));
    const bool alias = is_alias(a->name, strlen(a->name));
    if (id == SETTING_COUNT && !alias)
        return true;
    // A PEM with \n in it is told apart later, with a pointer to key import.
    if (a->ambiguous && id != SET_PRIVATE_KEY) {
        error_set(err, SSA_CONFIG, NULL, s->profile_path,
                  "line %zu has a backslash between double quotes in %s", a->line, a->name);
        return error_hint(err, "Shell and dotenv libraries disagree on what that means: use single quotes.");
    }
    if (alias)
        s->alias[FROM_PROFILE] = a->value;
    else
        s->values[FROM_PROFILE][id] = a->value;
    return true;
}

// A profile of references alone is nobody's secret.
static void warn_if_shared(const struct ssa_settings *s, int fd, const struct ssa_callbacks *callbacks)
{
    const char *secret = s->values[FROM_PROFILE][SET_CLIENT_SECRET];
    if (!text_present(secret))
        secret = s->alias[FROM_PROFILE];
    if (callbacks != NULL && text_present(secret) && source_kind(secret) == SOURCE_NONE)
        source_warn_if_shared(fd, s->profile_path, callbacks);
}

static bool read_profile(struct ssa_settings *s, int fd, const struct ssa_callbacks *callbacks,
                         struct ssa_error *err)
{
    return secret_new(&s->profile, PROFILE_TEXT_MAX, err) &&
           read_secret(&s->profile, fd, s->profile_path, callbacks, err) &&
           dotenv_read(&s->profile, s->profile_path, take_assignment, s, err);
}

static bool absent_profile(struct ssa_settings *s, int number, struct ssa_error *err)
{
    error_errno(err, SSA_CONFIG, number, s->profile_path, "the profile cannot be read");
    return number == ENOENT
               ? error_hint(err, "`ssa-hsm account create`, `key create` and `key import` write it.")
               : false;
}

bool ssa_settings_profile(struct ssa_settings *s, const char *name, bool optional,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    const char *by_environment = s->values[FROM_ENVIRONMENT][SET_PROFILE];
    const bool named = name != NULL || text_present(by_environment);
    // The default need not exist, and without a home there is no place for it.
    const bool may_be_absent = optional || !named;
    const char *chosen = name != NULL ? name : named ? by_environment : "default";
    if (!path_profile(chosen, s->profile_path, named ? err : NULL)) {
        s->profile_path[0] = '\0';
        return !named;
    }
    const int fd = open(s->profile_path, O_RDONLY | O_CLOEXEC);
    const int number = errno;
    if (fd < 0 && (number != ENOENT || !may_be_absent))
        return absent_profile(s, number, err);
    if (fd < 0) {
        s->profile_path[0] = '\0';
        return true;
    }
    s->profile_first = name != NULL;
    const bool ok = read_profile(s, fd, callbacks, err);
    if (ok)
        warn_if_shared(s, fd, callbacks);
    (void)close(fd);
    return ok;
}

const char *settings_from(const struct ssa_settings *s, enum setting_source source, enum setting id)
{
    return s->values[source][id];
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
    const enum setting id = find_name(name, strlen(name));
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
        const char *value = s->values[order[i]][id];
        if (!text_present(value) && id == SET_CLIENT_SECRET)
            value = s->alias[order[i]];
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
    const enum setting id = find_name(name, strlen(name));
    return id == SETTING_COUNT ? NULL : settings_get(s, id, NULL);
}

const char *settings_profile_path(const struct ssa_settings *s)
{
    return s->profile_path;
}

bool settings_profile_first(const struct ssa_settings *s)
{
    return s->profile_first;
}
