// From settings to a client of the API.
#include "signer/api_client.h"

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
                             "holds a character that no client id has");
    return true;
}

bool api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct aps **client,
                     struct ssa_error *err)
{
    const struct ssa_settings *s = run->settings;
    const struct aps_config config = {
        .base_url = settings_base_url(s),
        .client_id = settings_get(s, SET_CLIENT_ID, NULL),
        .client_secret = client_secret_is_late(secret) ? span_of(NULL, 0) : secret_span(&secret->text),
        .cacert = settings_get(s, SET_CACERT, NULL),
        .capath = settings_get(s, SET_CAPATH, NULL),
        .insecure_http = run->insecure_http,
        .timeout = run->timeout,
        .callbacks = &run->callbacks};
    return aps_new(&config, client, err);
}
