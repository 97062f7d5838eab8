// What of the environment another program has no business with.
#include "flow/identity.h"
#include "hsm/uri.h"

static bool is_variable_of(const char *reference, const char *name)
{
    static const char prefix[] = "env:";
    return reference != NULL && strncmp(reference, prefix, sizeof prefix - 1) == 0 &&
           strcmp(reference + sizeof prefix - 1, name) == 0;
}

static bool is_pin_variable_of_key(const struct ssa_settings *settings, const char *name)
{
    struct identity identity;
    URI_AUTO *uri = NULL;
    return identity_read(settings, true, &identity, NULL) && uri_parse(identity.private_key, &uri, NULL) &&
           is_variable_of(uri_pin_source(uri), name);
}

bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name)
{
    static const char ours[] = "SSA_HSM_";
    return strncmp(name, ours, sizeof ours - 1) == 0 || strcmp(name, setting_name(SET_CLIENT_SECRET)) == 0 ||
           strcmp(name, setting_secret_alias) == 0 || strcmp(name, setting_name(SET_PRIVATE_KEY)) == 0 ||
           is_variable_of(settings_get(settings, SET_CLIENT_SECRET, NULL), name) ||
           is_variable_of(settings_get(settings, SET_PIN_SOURCE, NULL), name) ||
           is_pin_variable_of_key(settings, name);
}
