// The client id.
#include "signer/client_id.h"

#include "config/settings.h"

bool api_client_id(const struct ssa_run *run, const char **client_id, struct ssa_error *err)
{
    *client_id = settings_get(run->settings, SET_CLIENT_ID, NULL);
    if (*client_id == NULL) {
        error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID), "is not set");
        return error_reason(err, SSA_REASON_NO_CLIENT_ID, NULL);
    }
    for (const char *p = *client_id; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == ':' || *p == '\'')
            return error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID),
                             "has a character that no client id has");
    return true;
}
