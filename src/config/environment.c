// Settings from the environment. Its secrets are moved to locked memory, and withheld from other programs.
#include <errno.h>
#include <stdlib.h>

#include "config/reference.h"
#include "config/settings_own.h"
#include "core/text.h"
#include "hsm/uri/uri.h"

enum { ENVIRONMENT_SECRETS_MAX = 32 * 1024 };

// Moves a secret from the environment to locked memory.
static const char *secure(struct ssa_settings *s, char *value, bool overwrite, struct ssa_error *err)
{
    settings_note_process(s);
    if (s->environment.data == NULL && !secret_new(&s->environment, ENVIRONMENT_SECRETS_MAX, err))
        return NULL;
    const size_t len = strlen(value);
    const char *copy = (const char *)s->environment.data + s->environment.len;
    // The NUL is copied, too, so that the next value can follow.
    if (!secret_append(&s->environment, span_of(value, len + 1))) {
        error_set(err, SSA_CONFIG, NULL, NULL, "the secrets in the environment are longer than %d bytes",
                  ENVIRONMENT_SECRETS_MAX);
        return NULL;
    }
    if (overwrite)
        secret_wipe(value, len);
    return copy;
}

static bool is_secured(const struct ssa_settings *s, struct span name)
{
    for (size_t i = 0; i < s->variable_count; i++)
        if (span_equal(s->variables[i].name, name))
            return true;
    return false;
}

struct securing {
    struct ssa_settings *settings;
    struct ssa_error *err;
};

// Moves each entry of this name that has a value.
static bool secure_variable(void *context, const char *name)
{
    const struct securing *securing = context;
    struct ssa_settings *s = securing->settings;
    const size_t len = strlen(name);
    if (is_secured(s, span_text(name)))
        return true;
    for (char **entry = s->entries; entry != NULL && *entry != NULL; entry++) {
        if (s->variable_count == VARIABLES_MAX)
            break;
        if (strncmp(*entry, name, len) != 0 || (*entry)[len] != '=' || (*entry)[len + 1] == '\0')
            continue;
        const char *copy = secure(s, *entry + len + 1, s->overwrite, securing->err);
        if (copy == NULL)
            return false;
        s->variables[s->variable_count].name = span_of(*entry, len);
        s->variables[s->variable_count++].value = copy;
    }
    return true;
}

typedef bool variable_visit(void *context, const char *name);

static bool visit_reference(const char *text, variable_visit *visit, void *context)
{
    if (!text_present(text) || reference_kind(text) != REFERENCE_ENV)
        return true;
    return visit(context, reference_name(text));
}

// The pin-source of a PKCS#11 URI. An error in the URI is reported when it is used.
static bool visit_pin_source(const char *text, variable_visit *visit, void *context)
{
    URI_AUTO *uri = NULL;
    if (!text_present(text) || !uri_text_is_uri(text) || !uri_parse(text, &uri, ERROR_IGNORED))
        return true;
    return visit_reference(uri_pin_source(uri), visit, context);
}

// Calls visit with the name of each variable that a reference env:NAME among the values of one source reads, until it
// returns false.
static bool each_variable(const char *const values[static SETTING_COUNT], variable_visit *visit, void *context)
{
    const char *const texts[] = {values[SET_SECRET_ALIAS],  values[SET_CLIENT_SECRET], values[SET_PIN_SOURCE],
                                 values[SET_SO_PIN_SOURCE], values[SET_PRIVATE_KEY],   values[SET_TOKEN]};
    for (size_t i = 0; i < COUNT(texts); i++)
        if (!visit_reference(texts[i], visit, context) || !visit_pin_source(texts[i], visit, context))
            return false;
    return true;
}

bool settings_secure_variables(struct ssa_settings *s, const char *const values[static SETTING_COUNT],
                               struct ssa_error *err)
{
    struct securing securing = {.settings = s, .err = err};
    return each_variable(values, secure_variable, &securing);
}

// The entries are borrowed. Their list is copied, since the caller may free it.
static bool keep_entries(struct ssa_settings *s, char **environment, struct ssa_error *err)
{
    size_t count = 0;
    // clearenv(3) leaves NULL.
    while (environment != NULL && environment[count] != NULL)
        count++;
    free(s->entries);
    s->entries = calloc(count + 1, sizeof *s->entries);
    if (s->entries == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
    if (count > 0)
        memcpy(s->entries, environment, count * sizeof *environment);
    return true;
}

struct ssa_settings *settings_again(const struct ssa_settings *s, struct ssa_error *err)
{
    struct ssa_settings *again = malloc(sizeof *again);
    if (again == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
        return NULL;
    }
    *again = *s;
    again->environment = (struct secret){0};
    again->entries = NULL;
    again->profiles = NULL;
    again->profile_count = again->current = 0;
    again->profile_first = again->overwrite = false;
    if (s->entries == NULL || keep_entries(again, s->entries, err))
        return again;
    ssa_settings_free(again);
    return NULL;
}

// Programs that read a dotenv file into an environment without knowing its quotes leave them in the value.
static bool check_quotes(const char *value, enum setting id, struct ssa_error *err)
{
    const size_t len = strlen(value);
    if (len < 2 || (value[0] != '"' && value[0] != '\'') || value[len - 1] != value[0])
        return true;
    return error_because(err, SSA_CONFIG, SSA_REASON_QUOTED_VALUE, setting_name(id),
                         "its value in the environment begins and ends with a %s quote",
                         value[0] == '"' ? "double" : "single");
}

bool ssa_settings_environment(struct ssa_settings *s, char **environment, bool overwrite, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    s->overwrite = overwrite;
    if (!keep_entries(s, environment, err))
        return false;
    for (char **entry = s->entries; *entry != NULL; entry++) {
        const size_t len = strcspn(*entry, "=");
        const enum setting id = setting_find(*entry, len);
        if (id == SETTING_COUNT || (*entry)[len] == '\0')
            continue;
        char *value = *entry + len + 1;
        if (!check_quotes(value, id, err))
            return false;
        s->values[FROM_ENVIRONMENT][id] = setting_is_secret(id) ? secure(s, value, overwrite, err) : value;
        if (s->values[FROM_ENVIRONMENT][id] == NULL)
            return false;
    }
    return settings_secure_variables(s, s->values[FROM_OPTION], err) &&
           settings_secure_variables(s, s->values[FROM_ENVIRONMENT], err);
}

const char *settings_secret_variable(const struct ssa_settings *s, const char *reference)
{
    if (reference_kind(reference) != REFERENCE_ENV)
        return NULL;
    const char *name = reference_name(reference);
    for (size_t i = 0; i < s->variable_count; i++)
        if (span_is(s->variables[i].name, name))
            return s->variables[i].value;
    const enum setting id = setting_find(name, strlen(name));
    return id != SETTING_COUNT && setting_is_secret(id) ? s->values[FROM_ENVIRONMENT][id] : NULL;
}

static bool is_another(void *context, const char *name)
{
    return strcmp(context, name) != 0;
}

static bool is_read(const char *const values[static SETTING_COUNT], const char *name)
{
    return !each_variable(values, is_another, (void *)(uintptr_t)name);
}

// Every source counts, and every profile: a secret that another source overrides is still a secret.
bool settings_read_variable(const struct ssa_settings *s, const char *name)
{
    bool found = false;
    for (enum setting_source from = 0; from < FROM_PROFILE; from++)
        found = found || is_read(s->values[from], name);
    for (size_t i = 0; i < s->profile_count; i++)
        found = found || is_read(s->profiles[i].values, name);
    return found;
}

bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name)
{
    const enum setting id = setting_find(name, strlen(name));
    return strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0 || (id != SETTING_COUNT && setting_is_secret(id)) ||
           settings_read_variable(settings, name);
}
