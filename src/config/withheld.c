// What of the environment another program has no business with.
#include "config/reference.h"
#include "config/settings_own.h"
#include "hsm/uri/uri.h"

static bool is_variable_of(const char *reference, const char *name)
{
    return reference != NULL && reference_kind(reference) == REFERENCE_ENV &&
           strcmp(reference_name(reference), name) == 0;
}

static bool is_pin_variable_of(const char *text, const char *name)
{
    URI_AUTO *uri = NULL;
    return text != NULL && text_is_uri(text) && uri_parse(text, &uri, NULL) &&
           is_variable_of(uri_pin_source(uri), name);
}

static bool is_read_by(const char *const values[static SETTING_COUNT], const char *alias, const char *name)
{
    return is_variable_of(values[SET_CLIENT_SECRET], name) || is_variable_of(alias, name) ||
           is_variable_of(values[SET_PIN_SOURCE], name) || is_variable_of(values[SET_SO_PIN_SOURCE], name) ||
           is_pin_variable_of(values[SET_CLIENT_SECRET], name) || is_pin_variable_of(alias, name) ||
           is_pin_variable_of(values[SET_PRIVATE_KEY], name) || is_pin_variable_of(values[SET_TOKEN], name);
}

// Every source counts, also one that another goes before, and every profile: a secret is one all the same.
static bool is_read_by_settings(const struct ssa_settings *s, const char *name)
{
    bool found = false;
    for (enum setting_source from = 0; from < FROM_PROFILE; from++)
        found = found || is_read_by(s->values[from], s->alias[from], name);
    for (size_t i = 0; i < s->profile_count; i++)
        found = found || is_read_by(s->profiles[i].values, s->profiles[i].alias, name);
    return found;
}

bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name)
{
    static const char ours[] = "SSA_HSM_";
    return strncmp(name, ours, sizeof ours - 1) == 0 || strcmp(name, setting_name(SET_CLIENT_SECRET)) == 0 ||
           strcmp(name, setting_secret_alias) == 0 || strcmp(name, setting_name(SET_PRIVATE_KEY)) == 0 ||
           is_read_by_settings(settings, name);
}
