// What of the environment another program has no business with.
#include "flow/reference.h"
#include "flow/settings.h"
#include "hsm/uri.h"

static bool is_variable_of(const char *reference, const char *name)
{
    return reference != NULL && source_kind(reference) == SOURCE_ENV &&
           strcmp(source_name(reference), name) == 0;
}

static bool is_pin_variable_of(const char *text, const char *name)
{
    URI_AUTO *uri = NULL;
    return text != NULL && source_is_uri(text) && uri_parse(text, &uri, NULL) &&
           is_variable_of(uri_pin_source(uri), name);
}

// Every source counts, also one that another goes before: a secret is one all the same.
static bool is_read_by_settings(const struct ssa_settings *settings, const char *name)
{
    static const enum setting references[] = {SET_CLIENT_SECRET, SET_PIN_SOURCE, SET_SO_PIN_SOURCE};
    static const enum setting uris[] = {SET_PRIVATE_KEY, SET_TOKEN};
    bool found = false;
    for (enum setting_source from = 0; from < SOURCE_COUNT; from++) {
        for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
            found = found || is_variable_of(settings_from(settings, from, references[i]), name);
        for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++)
            found = found || is_pin_variable_of(settings_from(settings, from, uris[i]), name);
    }
    return found;
}

bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name)
{
    static const char ours[] = "SSA_HSM_";
    return strncmp(name, ours, sizeof ours - 1) == 0 || strcmp(name, setting_name(SET_CLIENT_SECRET)) == 0 ||
           strcmp(name, setting_secret_alias) == 0 || strcmp(name, setting_name(SET_PRIVATE_KEY)) == 0 ||
           is_read_by_settings(settings, name);
}
