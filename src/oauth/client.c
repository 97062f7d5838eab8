#include "oauth/client.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base64.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"

// Basic (RFC 7617): base64 of id and secret as they are. RFC 6749 section 2.3.1 would form-encode them first, but the
// provider's own examples do not.
#define AUTHORIZATION "Authorization: Basic "

void oauth_wipe_memory(void)
{
    libcurl_wipe_memory();
}

bool oauth_client_know_secret(struct oauth_client *client, struct span secret, struct ssa_error *err)
{
    SECRET_AUTO pair = {0};
    const struct span id = span_text(client->config.client_id);
    const size_t len = id.len + 1 + secret.len;
    if (secret.len == 0 || memchr(secret.data, 0, secret.len) != NULL)
        return error_set(err, SSA_CONFIG, NULL, client->config.client_id,
                         "the client secret is empty or contains a NUL");
    secret_free(&client->client_secret);
    secret_free(&client->authorization);
    if (!secret_new(&pair, len, err) || !secret_new(&client->client_secret, secret.len, err) ||
        !secret_new(&client->authorization, sizeof AUTHORIZATION + BASE64_LENGTH(len), err))
        return false;
    return (secret_append(&client->client_secret, secret) && secret_append(&pair, id) &&
            secret_append_text(&pair, ":") && secret_append(&pair, secret) &&
            secret_append_text(&client->authorization, AUTHORIZATION) &&
            base64_append(&client->authorization, secret_span(&pair))) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the client secret does not fit its buffer");
}

// Id and secret as they are in the header. Empty before the secret is known.
static struct span basic_of(const struct oauth_client *client)
{
    const struct secret *line = &client->authorization;
    const size_t head = sizeof AUTHORIZATION - 1;
    return line->len < head ? span_of(NULL, 0) : span_of(line->data + head, line->len - head);
}

static bool prepare(struct oauth_client *client, struct ssa_error *err)
{
    const struct oauth_config *config = &client->config;
    if (!text_present(config->client_id))
        return error_because(err, SSA_CONFIG, SSA_REASON_NO_CLIENT_ID, NULL, "there is no client id");
    if (!url_read(config->base_url == NULL ? APS_BASE_URL : config->base_url, config->insecure_http, &client->url, err))
        return false;
    struct ca_default fallback = {0};
    if (ca_needs_default(config->cacert, config->capath))
        fallback = ca_default_of_system();
    if (!client->url.plain && !ca_choose(config->cacert, config->capath, &fallback, &client->ca, err))
        return false;
    return (config->client_secret.data == NULL || oauth_client_know_secret(client, config->client_secret, err)) &&
           secret_new(&client->bearer, OAUTH_ANSWER_MAX, err);
}

bool oauth_client_new(const struct oauth_config *config, struct oauth_client **made, struct ssa_error *err)
{
    *made = NULL;
    struct oauth_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the client of the API");
    client->config = *config;
    client->told = (struct oauth_limits){.remaining = -1, .retry_after = -1};
    client->config.timeout = config->timeout == 0 ? OAUTH_TIMEOUT_DEFAULT : config->timeout;
    client->left_ms = client->config.timeout * 1000LL;
    if (!prepare(client, err)) {
        oauth_client_free(client);
        return false;
    }
    *made = client;
    return true;
}

void oauth_client_free(struct oauth_client *client)
{
    if (client == NULL)
        return;
    client_hang_up(client);
    secret_free(&client->client_secret);
    secret_free(&client->authorization);
    secret_free(&client->bearer);
    free(client);
}

void oauth_client_spent(struct oauth_client *client, long long ms)
{
    const long long least = client->config.timeout * 1000LL / 3;
    client->left_ms = client->left_ms - ms < least ? least : client->left_ms - ms;
}

void oauth_client_undoing(struct oauth_client *client)
{
    // Not all of the time anew: where the server hangs, somebody waits who said for how long.
    oauth_client_spent(client, 0);
    // An interruption must not stop it half-way. It has its own time limit.
    client->deaf = true;
}

time_t oauth_server_time(const struct oauth_client *client)
{
    if (client->server_date == 0)
        return 0;
    return client->server_date + (time_t)((monotonic_ms() - client->server_date_ms) / 1000);
}

unsigned oauth_requests(const struct oauth_client *client)
{
    return client->requests;
}

struct oauth_limits oauth_limits(const struct oauth_client *client)
{
    return client->told;
}

struct mask client_secrets(const struct oauth_client *client, struct span own)
{
    struct mask mask = {.shown = client->config.client_id};
    mask_add(&mask, secret_span(&client->client_secret));
    mask_add(&mask, basic_of(client));
    mask_add(&mask, secret_span(&client->bearer));
    mask_add(&mask, own);
    return mask;
}

bool client_interrupted(const struct oauth_client *client)
{
    return !client->deaf && callback_interrupted(client->config.callbacks);
}

bool client_stop(const struct oauth_client *client, struct ssa_error *err)
{
    return error_set(err, SSA_UNEXPECTED, NULL, client->url.host, "interrupted");
}

void client_waits(const struct oauth_client *client)
{
    callback_waiting(client->config.callbacks, SSA_WAIT_SERVER, client->url.host, -1);
}

bool client_wait(const struct oauth_client *client, enum ssa_wait what, long long ms, struct ssa_error *err)
{
    enum { SLICE_MS = 100 };
    const long long until = monotonic_ms() + ms;
    for (long long left = ms; left > 0; left = until - monotonic_ms()) {
        if (client_interrupted(client))
            return client_stop(client, err);
        callback_waiting(client->config.callbacks, what, client->url.host, left);
        // A signal may end it early: the loop asks again.
        pause_ms(left < SLICE_MS ? (unsigned)left : SLICE_MS);
    }
    return true;
}

void client_hang_up(struct oauth_client *client)
{
    http_handle_free(client->handle);
    client->handle = NULL;
}
