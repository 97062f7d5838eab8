#include "oauth/probe.h"

#include "core/text.h"
#include "oauth/http.h"
#include "oauth/network.h"
#include "oauth/proxy.h"

static const struct call call = {.method = "GET", .path = "/", .doing = "asking the server for its time"};

struct stopping {
    bool (*stop)(void *context);
    void *context;
};

static bool is_stopped(void *context, bool sent)
{
    const struct stopping *stopping = context;
    (void)sent;
    return stopping->stop != NULL && stopping->stop(stopping->context);
}

// Where a request ended that has no answer. With a proxy, libcurl tells only how far it came to that.
static enum probe_stage stage_of(const struct oauth_client *client, const struct http_response *answer, bool by_proxy)
{
    const struct proxy proxy = proxy_of(client);
    switch (answer->code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return PROBE_PROXY;
    case CURLE_COULDNT_RESOLVE_HOST:
        return PROBE_NAME;
    case CURLE_SSL_CACERT_BADFILE:
        return PROBE_CA;
    case CURLE_PEER_FAILED_VERIFICATION:
        return PROBE_TLS;
    default:
        break;
    }
    const bool through = answer->proxy_status >= 200 && answer->proxy_status < 300;
    if (answer->proxy_status >= 300 || (by_proxy && (proxy.fault != NULL || !through)))
        return PROBE_PROXY;
    if (!answer->met)
        return answer->found || answer->code == CURLE_COULDNT_CONNECT ? PROBE_CONNECTION : PROBE_NAME;
    return client->url.plain || answer->secured ? PROBE_ANSWER : PROBE_TLS;
}

// The answer's date was written at some time between before and now.
static long long clock_ahead(time_t before, time_t date)
{
    const time_t now = time(NULL);
    if (before > date + 1)
        return (long long)(before - date);
    return now < date ? -(long long)(date - now) : 0;
}

static void describe(const struct oauth_client *client, struct probe *probe)
{
    const struct proxy proxy = proxy_of(client);
    const char *ca = client->ca.file[0] != '\0' ? client->ca.file : client->ca.path;
    probe->plain = client->url.plain;
    text_harmless(probe->host, sizeof probe->host, span_text(client->url.host));
    text_harmless(probe->ca, sizeof probe->ca, span_text(ca));
    probe->proxy_variable = proxy.variable;
    probe->proxy_named = proxy.named;
    probe->proxy_has_user = proxy.has_user;
    // It may be a piece of a password.
    if (!proxy.misread)
        text_harmless(probe->proxy, sizeof probe->proxy, span_text(proxy.host));
    if (probe->proxy_named)
        probe->excepted_by = proxy_exception(client);
}

static void read_answer(const struct oauth_client *client, const struct http_response *answer, time_t before,
                        struct probe *probe)
{
    // The exceptions may name a network that has the host.
    if (probe->proxy_named && answer->proxy_status == 0 && probe->excepted_by == NULL && !proxy_of(client).socks)
        probe->excepted_by = "no_proxy";
    probe->at = PROBE_DONE;
    probe->status = answer->status;
    probe->has_date = answer->date != 0;
    probe->ahead = probe->has_date ? clock_ahead(before, answer->date + answer->age) : 0;
}

static bool ask(struct oauth_client *client, struct stopping *stopping, struct probe *probe, struct ssa_error *err)
{
    char url[URL_MAX + 1];
    HTTP_RESPONSE_AUTO answer = {0};
    const struct http_request request = {.method = call.method,
                                         .url = url,
                                         .plain = client->url.plain,
                                         .ca = &client->ca,
                                         .left_ms = client->left_ms,
                                         .stop = is_stopped,
                                         .context = stopping};
    probe->at = PROBE_CONNECTION;
    if (!text_format(url, sizeof url, "%s/", client->url.base))
        return error_set(err, SSA_CONFIG, NULL, client->url.host, "the base URL is too long");
    if (!secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    client->handle = http_handle_new(err);
    if (client->handle == NULL)
        return false;
    const time_t before = time(NULL);
    if (!http_send(client->handle, &request, &answer, err))
        return false;
    if (answer.status != 0) {
        read_answer(client, &answer, before, probe);
        return true;
    }
    probe->at = stage_of(client, &answer, probe->proxy_named && probe->excepted_by == NULL);
    return network_set(client, &call, &answer, err);
}

bool probe_server(const struct oauth_config *config, unsigned seconds, bool (*stop)(void *context), void *context,
                  struct probe *probe, struct ssa_error *err)
{
    struct stopping stopping = {.stop = stop, .context = context};
    const struct ssa_callbacks nobody = {0};
    struct oauth_config own = *config;
    struct oauth_client *client = NULL;
    *probe = (struct probe){.at = PROBE_URL};
    // Neither id nor secret is sent. A client must have an id.
    own.client_id = "-";
    own.client_secret = span_of(NULL, 0);
    own.timeout = seconds;
    own.callbacks = &nobody;
    if (!oauth_client_new(&own, &client, err)) {
        probe->at = err->reason == SSA_REASON_BASE_URL || err->reason == SSA_REASON_PLAIN_HTTP ? PROBE_URL : PROBE_CA;
        return false;
    }
    // A client whose URL needs no parser has not loaded it.
    bool done = libcurl_load(err);
    if (done) {
        describe(client, probe);
        done = ask(client, &stopping, probe, err);
    }
    oauth_client_free(client);
    return done;
}

bool probe_libcurl_version(char out[static 128], struct ssa_error *err)
{
    if (!libcurl_load(err))
        return false;
    const curl_version_info_data *info = libcurl.version_info(CURLVERSION_NOW);
    const char *tls = info->ssl_version != NULL ? info->ssl_version : "without TLS";
    return text_format(out, 128, "%s (%s)", info->version, tls) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "libcurl's version is too long");
}
