#include "agent/signer/profile.h"

#include <errno.h>
#include <unistd.h>

#include "config/profiles.h"
#include "config/reference.h"
#include "config/signer_settings.h"
#include "hsm/uri/uri.h"

struct ssa_settings *profile_read(const char *name, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    struct ssa_settings *s = ssa_settings_new();
    if (s == NULL)
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
    else if (ssa_settings_environment(s, environ, false, err) &&
             ssa_settings_profiles(s, &name, name != NULL ? 1 : 0, callbacks, err) &&
             settings_drop_client_secret(s, err))
        return s;
    ssa_settings_free(s);
    return NULL;
}

bool profile_is_attended(const struct ssa_settings *s)
{
    URI_AUTO *uri = NULL;
    const char *source = settings_get(s, SET_PIN_SOURCE, NULL);
    const char *key = settings_get(s, SET_PRIVATE_KEY, NULL);
    if (source == NULL && key != NULL && uri_text_is_uri(key) && uri_parse(key, &uri, ERROR_IGNORED))
        source = uri_pin_source(uri);
    return source == NULL || reference_kind(source) == REFERENCE_PINENTRY;
}
