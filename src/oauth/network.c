#include "oauth/network.h"

#include "core/text.h"
#include "oauth/error_body.h"
#include "oauth/proxy.h"

#define CLOSED_HINT "The server, or a proxy in between, closed the connection: try again later."

// libcurl has sentences for its errors, but no names.
#define NAMED(value) .code = (value), .name = #value

// The errors with which libcurl can end an HTTPS request of ours. The next try may succeed after those that pass.
static const struct network_failure {
    CURLcode code;
    const char *name;
    bool passes;
    enum ssa_reason reason;
    const char *hint;
} network_failures[] = {
    {NAMED(CURLE_COULDNT_RESOLVE_HOST), .passes = true, .reason = SSA_REASON_UNKNOWN_HOST},
    {NAMED(CURLE_COULDNT_RESOLVE_PROXY), .passes = true, .reason = SSA_REASON_PROXY_UNKNOWN},
    {NAMED(CURLE_COULDNT_CONNECT), .passes = true, .reason = SSA_REASON_UNREACHABLE},
    {NAMED(CURLE_OPERATION_TIMEDOUT), .passes = true, .reason = SSA_REASON_TIMEOUT},
    {NAMED(CURLE_SSL_CONNECT_ERROR), .passes = true,
     .hint = "The server must speak TLS 1.2 or later; a proxy in between may not."},
    {NAMED(CURLE_GOT_NOTHING), .passes = true, .hint = CLOSED_HINT},
    {NAMED(CURLE_PARTIAL_FILE), .passes = true, .hint = CLOSED_HINT},
    {NAMED(CURLE_RECV_ERROR), .passes = true, .hint = CLOSED_HINT},
    {NAMED(CURLE_SEND_ERROR), .passes = true, .hint = CLOSED_HINT},
    {NAMED(CURLE_PEER_FAILED_VERIFICATION), .reason = SSA_REASON_UNTRUSTED},
    {NAMED(CURLE_SSL_CACERT_BADFILE), .reason = SSA_REASON_CA_FILE},
    {NAMED(CURLE_PROXY), .reason = SSA_REASON_PROXY_BROKEN},
    {NAMED(CURLE_WEIRD_SERVER_REPLY), .reason = SSA_REASON_OTHER_SERVER},
    // libcurl also says this of "HTTP/0.9".
    {NAMED(CURLE_UNSUPPORTED_PROTOCOL), .reason = SSA_REASON_OTHER_SERVER, .hint = "The answer was not HTTP."},
    // libcurl also says this of a header line that is too long.
    {NAMED(CURLE_OUT_OF_MEMORY), .reason = SSA_REASON_OTHER_SERVER,
     .hint = "Unless memory ran out, a header line of the answer was too long."},
    {NAMED(CURLE_FAILED_INIT)},
    {NAMED(CURLE_URL_MALFORMAT)},
    {NAMED(CURLE_NOT_BUILT_IN)},
    {NAMED(CURLE_WRITE_ERROR)},
    {NAMED(CURLE_ABORTED_BY_CALLBACK)},
    {NAMED(CURLE_BAD_FUNCTION_ARGUMENT)},
    {NAMED(CURLE_SSL_CIPHER)},
    {NAMED(CURLE_BAD_CONTENT_ENCODING)},
    {NAMED(CURLE_SEND_FAIL_REWIND)},
    {NAMED(CURLE_NO_CONNECTION_AVAILABLE)},
    {NAMED(CURLE_SSL_CLIENTCERT)},
    {NAMED(CURLE_UNRECOVERABLE_POLL)},
};

static const struct network_failure *network_failure(CURLcode code)
{
    static const struct network_failure other = {.name = NULL};
    for (size_t i = 0; i < COUNT(network_failures); i++)
        if (network_failures[i].code == code)
            return &network_failures[i];
    return &other;
}

// Makes the code the error's number, and its name ("CURLE 123" where it has none) the cause.
static bool curl_cause(struct ssa_error *err, CURLcode code)
{
    const char *name = network_failure(code)->name;
    return name != NULL ? error_cause(err, SSA_DOMAIN_CURL, code, "%s", name)
                        : error_cause(err, SSA_DOMAIN_CURL, code, "CURLE %d", (int)code);
}

// Whether libcurl cannot use the proxy's setting, or understands it in another way than the person meant it.
static bool proxy_is_unusable(const struct http_response *answer, const struct proxy *proxy)
{
    if (proxy->fault != NULL)
        return answer->code == CURLE_COULDNT_RESOLVE_PROXY ||
               strncmp(answer->text, "Unsupported proxy", strlen("Unsupported proxy")) == 0;
    return proxy->misread && proxy->host[0] != '\0' && strstr(answer->text, proxy->host) != NULL;
}

// A server or proxy may be down or overloaded for a while. A proxy's other refusals stay.
static bool proxy_status_passes(long status)
{
    return status >= 500 || status == 408 || status == 429;
}

bool network_passes(const struct oauth_client *client, const struct http_response *answer)
{
    const struct proxy proxy = proxy_of(client);
    if (answer->end != HTTP_RAN)
        return answer->end == HTTP_NO_ANSWER || answer->end == HTTP_NOT_RESENT;
    if (proxy_is_unusable(answer, &proxy) ||
        (answer->proxy_status >= 300 && !proxy_status_passes(answer->proxy_status)))
        return false;
    // A handshake that breaks off may succeed the next time. OpenSSL refuses a handshake again that it refused.
    if (answer->code == CURLE_SSL_CONNECT_ERROR && strstr(answer->text, "SSL routines") != NULL)
        return false;
    return network_failure(answer->code)->passes;
}

static bool proxy_unusable(const struct call *call, const struct proxy *proxy, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, proxy->variable, "%s; %s failed",
              proxy->fault != NULL ? proxy->fault : "contains an \"@\" that does not end a user and password",
              call->doing);
    return error_hint(err, "A proxy is [http://][USER:PASSWORD@]HOST[:PORT]. In USER and PASSWORD, everything but "
                           "letters and digits must be percent-encoded (\"@\" is %%40).");
}

// The error for a 407. The advice depends on the kind of login that the proxy wants.
static bool proxy_wants_login(const char *host, const struct call *call, const struct http_response *answer,
                              const struct proxy *proxy, struct ssa_error *err)
{
    const char *logins = answer->proxy_logins;
    if (logins[0] != '\0' && strstr(logins, "Basic") == NULL) {
        error_set(err, SSA_NETWORK, NULL, host,
                  "%s failed: the proxy asks for a login by %s (answer 407), which is not supported; Basic is",
                  call->doing, logins);
        return error_reason(err, SSA_REASON_PROXY_METHOD, "%s", proxy->variable);
    }
    error_set(err, SSA_NETWORK, NULL, host, "%s failed: the proxy %s", call->doing,
              proxy->has_user ? "does not accept the user and password (answer 407)"
                              : "asks for a login (answer 407), and none was given");
    return error_reason(err, proxy->has_user ? SSA_REASON_PROXY_LOGIN : SSA_REASON_PROXY_NO_LOGIN, "%s",
                        proxy->variable);
}

static bool proxy_refused(const struct oauth_client *client, const struct call *call,
                          const struct http_response *answer, const struct proxy *proxy, struct ssa_error *err)
{
    const long status = answer->proxy_status;
    const bool known = proxy->host[0] != '\0' && !proxy->misread, passes = proxy_status_passes(status);
    const char *subject = known ? proxy->host : proxy->variable, *host = client->url.host;
    if (status == 407)
        return proxy_wants_login(subject, call, answer, proxy, err);
    error_set(err, SSA_NETWORK, NULL, subject, "%s failed: the proxy %s to %s (answer %ld %s)", call->doing,
              passes ? "cannot connect" : "refuses to connect", host, status, error_body_phrase(status));
    if (!passes)
        return error_reason(err, SSA_REASON_PROXY_REFUSES, "%s", host);
    error_hint(err, "The proxy, or the network behind it, has a problem: try again later.");
    return error_reason(err, SSA_REASON_UNREACHABLE, NULL);
}

// Makes the error for a transfer that we ended.
static bool ended(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                  struct ssa_error *err)
{
    const char *host = client->url.host;
    switch (answer->end) {
    case HTTP_NO_ANSWER:
        error_set(err, SSA_NETWORK, NULL, host, "%s failed: no answer within %d s", call->doing, HTTP_ANSWER_SECONDS);
        error_reason(err, SSA_REASON_TIMEOUT, NULL);
        return curl_cause(err, CURLE_OPERATION_TIMEDOUT);
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
    mask_text(mask, span_text(answer->text[0] != '\0' ? answer->text : libcurl.easy_strerror(answer->code)), words,
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
                 struct ssa_error *err)
{
    const struct mask mask = client_secrets(client, call->secret);
    const struct proxy proxy = proxy_of(client);
    if (answer->end != HTTP_RAN)
        return ended(client, call, answer, err);
    if (proxy_is_unusable(answer, &proxy))
        return proxy_unusable(call, &proxy, err);
    if (answer->proxy_status >= 300)
        proxy_refused(client, call, answer, &proxy, err);
    else
        broke(client, call, answer, &mask, err);
    return curl_cause(err, answer->code);
}

bool network_no_time(const struct oauth_client *client, const struct call *call, struct ssa_error *err)
{
    error_set(err, SSA_NETWORK, NULL, client->url.host, "%s failed: timed out after %u s", call->doing,
              client->config.timeout);
    error_reason(err, SSA_REASON_TIMEOUT, NULL);
    return curl_cause(err, CURLE_OPERATION_TIMEDOUT);
}
