// How a request can fail on its way to the server, as an error.
#include "oauth/network.h"

#include <string.h>

#include "core/text.h"
#include "oauth/curl_cause.h"
#include "oauth/error_body.h"

#define CLOSED_HINT "The server, or a proxy in between, closed the connection: try again later."

// How a transfer can end without a whole answer. What is not listed here does not pass by itself.
static const struct network_failure {
    CURLcode code;
    bool passes;
    enum ssa_reason reason;
    const char *hint;
} network_failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, true, SSA_REASON_UNKNOWN_HOST, NULL},
    {CURLE_COULDNT_RESOLVE_PROXY, true, SSA_REASON_NONE, "Check the proxy that https_proxy names."},
    {CURLE_COULDNT_CONNECT, true, SSA_REASON_UNREACHABLE, NULL},
    {CURLE_OPERATION_TIMEDOUT, true, SSA_REASON_TIMEOUT, NULL},
    {CURLE_SSL_CONNECT_ERROR, true, SSA_REASON_NONE,
     "The server must speak TLS 1.2 or later; a proxy in between may not."},
    {CURLE_GOT_NOTHING, true, SSA_REASON_NONE, CLOSED_HINT},
    {CURLE_PARTIAL_FILE, true, SSA_REASON_NONE, CLOSED_HINT},
    {CURLE_RECV_ERROR, true, SSA_REASON_NONE, CLOSED_HINT},
    {CURLE_SEND_ERROR, true, SSA_REASON_NONE, CLOSED_HINT},
    {CURLE_PEER_FAILED_VERIFICATION, false, SSA_REASON_UNTRUSTED, NULL},
    {CURLE_SSL_CACERT_BADFILE, false, SSA_REASON_CA_FILE, NULL},
    {CURLE_PROXY, false, SSA_REASON_NONE,
     "Check the proxy that https_proxy or all_proxy names, and the user and password in it."},
    {CURLE_WEIRD_SERVER_REPLY, false, SSA_REASON_OTHER_SERVER, NULL},
    // libcurl also says this of "HTTP/0.9".
    {CURLE_UNSUPPORTED_PROTOCOL, false, SSA_REASON_OTHER_SERVER, "The answer was not HTTP."},
    // libcurl also says this of a header line that is too long.
    {CURLE_OUT_OF_MEMORY, false, SSA_REASON_OTHER_SERVER,
     "Unless memory ran out, a header line of the answer was too long."},
};

static const struct network_failure *network_failure(CURLcode code)
{
    static const struct network_failure other = {CURLE_OK, false, SSA_REASON_NONE, NULL};
    for (size_t i = 0; i < COUNT(network_failures); i++)
        if (network_failures[i].code == code)
            return &network_failures[i];
    return &other;
}

// A setting that libcurl cannot use, or reads otherwise than it was meant.
static bool proxy_is_unusable(const struct http_response *answer)
{
    const struct proxy *proxy = &answer->proxy;
    if (proxy->fault != NULL)
        return answer->code == CURLE_COULDNT_RESOLVE_PROXY ||
               strncmp(answer->text, "Unsupported proxy", strlen("Unsupported proxy")) == 0;
    return proxy->misread && proxy->host[0] != '\0' && strstr(answer->text, proxy->host) != NULL;
}

// A server or proxy that is down or overloaded; other refusals of a proxy stay.
static bool proxy_status_passes(long status)
{
    return status >= 500 || status == 408 || status == 429;
}

bool network_passes(const struct http_response *answer)
{
    switch (answer->end) {
    case HTTP_NO_ANSWER:
    case HTTP_NOT_RESENT:
        return true;
    case HTTP_RAN:
        break;
    default:
        return false;
    }
    if (proxy_is_unusable(answer) || (answer->proxy_status >= 300 && !proxy_status_passes(answer->proxy_status)))
        return false;
    // A handshake that breaks off may succeed; one that OpenSSL refuses is refused again.
    if (answer->code == CURLE_SSL_CONNECT_ERROR && strstr(answer->text, "SSL routines") != NULL)
        return false;
    return network_failure(answer->code)->passes;
}

static bool proxy_unusable(const struct call *call, const struct proxy *proxy, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, proxy->variable, "%s; %s failed",
              proxy->fault != NULL ? proxy->fault : "has an \"@\" that does not end a user and password", call->doing);
    return error_hint(err, "A proxy is [http://][USER:PASSWORD@]HOST[:PORT]. In USER and PASSWORD, everything but "
                           "letters and digits must be percent-encoded (\"@\" is %%40).");
}

// A 407. What helps depends on the kind of login that the proxy wants.
static bool proxy_wants_login(const char *proxy, const struct call *call, const struct http_response *answer,
                              struct ssa_error *err)
{
    const char *variable = answer->proxy.variable == NULL ? "https_proxy" : answer->proxy.variable;
    const char *logins = answer->proxy_logins;
    if (logins[0] != '\0' && strstr(logins, "Basic") == NULL) {
        error_set(err, SSA_NETWORK, NULL, proxy,
                  "%s failed: the proxy asks for a login by %s (answer 407), which is not supported; Basic is",
                  call->doing, logins);
        return error_hint(err,
                          "Let the proxy accept this machine without a login or with Basic, or run a local "
                          "proxy that logs in there (cntlm, px) and name that in %s.",
                          variable);
    }
    if (answer->proxy.has_user) {
        error_set(err, SSA_NETWORK, NULL, proxy,
                  "%s failed: the proxy does not accept the user and password (answer 407)", call->doing);
        return error_hint(err, "Check %s, and the user and password in it.", variable);
    }
    error_set(err, SSA_NETWORK, NULL, proxy, "%s failed: the proxy asks for a login (answer 407), and none was given",
              call->doing);
    return error_hint(err,
                      "Put it into %s: http://USER:PASSWORD@HOST:PORT, where everything but letters and digits "
                      "must be percent-encoded.",
                      variable);
}

static bool proxy_refused(const struct oauth_client *client, const struct call *call,
                          const struct http_response *answer, struct ssa_error *err)
{
    const long status = answer->proxy_status;
    const bool known = answer->proxy.host[0] != '\0' && !answer->proxy.misread, passes = proxy_status_passes(status);
    const char *proxy = known ? answer->proxy.host : "https_proxy", *host = client->url.host;
    if (status == 407)
        return proxy_wants_login(proxy, call, answer, err);
    error_set(err, SSA_NETWORK, NULL, proxy, "%s failed: the proxy %s to %s (answer %ld %s)", call->doing,
              passes ? "cannot connect" : "refuses to connect", host, status, error_body_phrase(status));
    if (!passes)
        return error_hint(err,
                          "Let the proxy allow %s, or check https_proxy; no_proxy names hosts that are "
                          "reached without it.",
                          host);
    error_hint(err, "The proxy, or the network behind it, has a problem: try again later.");
    return error_reason(err, SSA_REASON_UNREACHABLE, NULL);
}

static bool no_answer(const char *host, const struct call *call, struct ssa_error *err)
{
    error_set(err, SSA_NETWORK, NULL, host, "%s failed: no answer within %d s", call->doing, HTTP_ANSWER_SECONDS);
    error_reason(err, SSA_REASON_TIMEOUT, NULL);
    return curl_cause(err, CURLE_OPERATION_TIMEDOUT);
}

// What was ended by us.
static bool ended(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                  struct ssa_error *err)
{
    const char *host = client->url.host;
    switch (answer->end) {
    case HTTP_NO_ANSWER:
        return no_answer(host, call, err);
    case HTTP_TOO_LONG:
        error_set(err, SSA_NETWORK, NULL, host, "%s failed: the answer is longer than %zu bytes", call->doing,
                  answer->body.capacity);
        return curl_cause(err, answer->code);
    case HTTP_TOO_MANY:
        error_set(err, SSA_NETWORK, NULL, host, "%s failed: the headers of the answer are longer than %u bytes",
                  call->doing, HTTP_HEADERS_MAX);
        return curl_cause(err, answer->code);
    case HTTP_NOT_RESENT:
        error_set(err, SSA_NETWORK, NULL, host, "%s failed: the connection broke before an answer", call->doing);
        // libcurl does not tell its own reason.
        return curl_cause(err, CURLE_GOT_NOTHING);
    default:
        return network_no_time(client, call, err);
    }
}

static bool broke(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                  const struct mask *mask, struct ssa_error *err)
{
    char words[ERROR_BODY_MAX];
    const struct network_failure *failure = network_failure(answer->code);
    const struct ca *ca = &client->ca;
    // TLS and proxy libraries say more than libcurl's sentence for the code.
    mask_text(mask, span_text(answer->text[0] != '\0' ? answer->text : curl_easy_strerror(answer->code)), words,
              sizeof words);
    if (answer->code == CURLE_SSL_CACERT_BADFILE)
        error_set(err, SSA_CONFIG, NULL, ca->file[0] != '\0' ? ca->file : ca->path, "holds no usable certificates: %s",
                  words);
    else
        error_set(err, SSA_NETWORK, NULL, client->url.host, "%s failed: %s", call->doing, words);
    if (failure->hint != NULL)
        error_hint(err, "%s", failure->hint);
    return error_reason(err, failure->reason, NULL);
}

bool network_set(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                 const struct mask *mask, struct ssa_error *err)
{
    if (answer->end != HTTP_RAN)
        return ended(client, call, answer, err);
    if (proxy_is_unusable(answer))
        return proxy_unusable(call, &answer->proxy, err);
    if (answer->proxy_status >= 300)
        proxy_refused(client, call, answer, err);
    else
        broke(client, call, answer, mask, err);
    return curl_cause(err, answer->code);
}

bool network_no_time(const struct oauth_client *client, const struct call *call, struct ssa_error *err)
{
    error_set(err, SSA_NETWORK, NULL, client->url.host, "%s failed: timed out after %u s", call->doing,
              client->config.timeout);
    error_reason(err, SSA_REASON_TIMEOUT, NULL);
    return curl_cause(err, CURLE_OPERATION_TIMEDOUT);
}
