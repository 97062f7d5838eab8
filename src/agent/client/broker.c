#include "agent/client/broker.h"

#include "agent/client/head.h"
#include "core/callback.h"
#include "core/text.h"
#include "oauth/ca.h"
#include "oauth/http.h"
#include "oauth/url.h"

enum { BROKER_URL_MAX = 20 * 1024 };

// One request, and who may end it.
struct asking {
    const struct ssa_callbacks *callbacks;
    const char *host;
};

static bool stops(void *context, bool sent)
{
    (void)sent;
    const struct asking *a = context;
    callback_waiting(a->callbacks, SSA_WAIT_AGENT, a->host, -1);
    return callback_interrupted(a->callbacks);
}

static bool choose_ca(const char *cacert, struct ca *ca, struct ssa_error *err)
{
    const struct ca_default fallback = ca_needs_default(cacert, NULL) ? ca_default_of_system() : (struct ca_default){0};
    return ca_choose(cacert, NULL, &fallback, ca, err);
}

// The connection was there, or a file of this host cannot be used.
static bool not_agreed(CURLcode code, bool with_cert, const char *said, const char *host, struct ssa_error *err)
{
    const enum ssa_reason otherwise = with_cert ? SSA_REASON_NONE : SSA_REASON_AGENT_CERTIFICATE;
    static const struct {
        CURLcode code;
        enum ssa_class class;
        enum ssa_reason reason;
    } rows[] = {{CURLE_PEER_FAILED_VERIFICATION, SSA_NETWORK, SSA_REASON_AGENT_UNTRUSTED},
                {CURLE_SSL_CACERT_BADFILE, SSA_CONFIG, SSA_REASON_AGENT_UNTRUSTED},
                {CURLE_SSL_CERTPROBLEM, SSA_CONFIG, SSA_REASON_AGENT_CERTIFICATE},
                // With TLS 1.3, a client learns only by the first answer that its certificate is refused.
                {CURLE_SSL_CONNECT_ERROR, SSA_NETWORK, SSA_REASON_AGENT_CERTIFICATE},
                {CURLE_RECV_ERROR, SSA_NETWORK, SSA_REASON_AGENT_CERTIFICATE}};
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].code == code)
            return error_because(err, rows[i].class, rows[i].reason, host, "the agent cannot be asked: %s", said);
    return error_because(err, SSA_NETWORK, otherwise, host, "the agent cannot be asked: %s", said);
}

// The error for a request without an answer. libcurl's message names files and hosts, and no secrets: the request has
// none.
static bool no_answer(const struct http_response *answer, bool with_cert, const char *host, struct ssa_error *err)
{
    const char *said = answer->text[0] != '\0' ? answer->text : libcurl.easy_strerror(answer->code);
    switch (answer->end) {
    case HTTP_STOPPED:
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    case HTTP_NO_ANSWER:
    case HTTP_NO_TIME:
        return error_because(err, SSA_NETWORK, SSA_REASON_TIMEOUT, host, "the agent did not answer in time");
    case HTTP_TOO_LONG:
    case HTTP_TOO_MANY:
        return error_set(err, SSA_NETWORK, NULL, host, "what listens there is no agent: its answer is too long");
    default:
        break;
    }
    if (answer->met || answer->code == CURLE_SSL_CERTPROBLEM || answer->code == CURLE_SSL_CACERT_BADFILE)
        return not_agreed(answer->code, with_cert, said, host, err);
    return error_because(err, SSA_ABSENT, SSA_REASON_AGENT_UNREACHED, host, "no agent answers there: %s", said);
}

static void handle_free(struct http_handle **handle)
{
    http_handle_free(*handle);
}

static bool send_to(const struct url *url, const char *whole, const struct broker_files *files, unsigned timeout_ms,
                    const struct ssa_callbacks *callbacks, struct http_response *response, struct ssa_error *err)
{
    __attribute__((cleanup(handle_free))) struct http_handle *handle = http_handle_new(err);
    struct asking asking = {.callbacks = callbacks, .host = url->host};
    struct ca ca = {0};
    if (handle == NULL || !choose_ca(files->cacert, &ca, err) || !secret_new(&response->body, AGENT_BODY_MAX, err))
        return false;
    const struct http_request request = {.method = "GET",
                                         .url = whole,
                                         .ca = &ca,
                                         .client_cert = files->cert,
                                         .client_key = files->key,
                                         .left_ms = timeout_ms,
                                         .stop = stops,
                                         .context = &asking};
    if (!http_send(handle, &request, response, err))
        return false;
    return (response->end == HTTP_RAN && response->code == CURLE_OK) ||
           no_answer(response, files->cert != NULL, url->host, err);
}

bool broker_ask(const char *address, const struct broker_files *files, const char *target, unsigned timeout_ms,
                const struct ssa_callbacks *callbacks, struct agent_answer *answer, struct ssa_error *err)
{
    struct url url;
    SECRET_AUTO whole = {0};
    HTTP_RESPONSE_AUTO response = {0};
    *answer = (struct agent_answer){0};
    if (!url_read(address, false, &url, err)) {
        (void)error_hint(err, "An agent of another host is https://HOST[:PORT].");
        return error_reason(err, SSA_REASON_NONE, NULL);
    }
    if (!secret_new(&whole, BROKER_URL_MAX, err) || !secret_append_text(&whole, url.base) ||
        !secret_append_text(&whole, target))
        return error_set(err, SSA_USAGE, NULL, NULL, "what an agent is asked for is too long");
    if (!send_to(&url, secret_text(&whole), files, timeout_ms, callbacks, &response, err))
        return false;
    answer->status = (unsigned)response.status;
    answer->retry_after = response.retry_after > 0 ? (unsigned)response.retry_after : 0;
    answer->body = response.body;
    response.body = (struct secret){0};
    return true;
}
