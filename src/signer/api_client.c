// The API's client, which a process that only signs does not have.
#include "signer/client_secret.h"

bool api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct oauth_client **client,
                     struct ssa_error *err)
{
    const struct ssa_settings *s = run->settings;
    const bool known = client_secret_place(secret, NULL) == SECRET_AT_HAND;
    const struct oauth_config config = {.base_url = settings_base_url(s),
                                        .client_id = settings_get(s, SET_CLIENT_ID, NULL),
                                        .client_secret = known ? secret_span(&secret->text) : span_of(NULL, 0),
                                        .cacert = settings_get(s, SET_CACERT, NULL),
                                        .capath = settings_get(s, SET_CAPATH, NULL),
                                        .insecure_http = run->insecure_http,
                                        .timeout = run->timeout,
                                        .callbacks = &run->callbacks};
    return oauth_client_new(&config, client, err);
}
