// What went wrong with a call: the network's failures, the server's refusals, and what to do about each.
#include "oauth/failure.h"

#include <string.h>

#include <stdlib.h>

#include "core/text.h"
#include "oauth/curl_name.h"
#include "oauth/hints.h"

// More than this between the clocks may have spoilt an assertion (exp is at most 300 s ahead).
enum { CLOCK_TOLERANCE = 60 };

#define CLOSED_HINT "The server, or a proxy in between, closed the connection: try again later."
#define TIME_HINT   "Check the network and proxy; --timeout SECONDS gives more time in all."

// What of ours the other side may echo.
static void known_secrets(const struct aps *client, const struct call *call, struct mask *mask)
{
    *mask = (struct mask){.shown = client->config.client_id};
    mask_add(mask, secret_span(&client->client_secret));
    mask_add(mask, client_basic(client));
    mask_add(mask, secret_span(&client->bearer));
    mask_add(mask, call->secret);
}

// How a transfer can end without a whole answer: whether the next try may meet something else, and what to
// do. What is not here does not pass by itself.
static const struct network_failure {
    CURLcode code;
    bool passes;
    const char *hint;
} network_failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, true, "Check the network, its DNS, and SSA_HSM_BASE_URL."},
    {CURLE_COULDNT_RESOLVE_PROXY, true, "Check the proxy that https_proxy names."},
    {CURLE_COULDNT_CONNECT, true,
     "Check the network, firewall and proxy (https_proxy), and SSA_HSM_BASE_URL."},
    {CURLE_OPERATION_TIMEDOUT, true, TIME_HINT},
    {CURLE_SSL_CONNECT_ERROR, true,
     "The server must speak TLS 1.2 or later there; a proxy in between may not."},
    {CURLE_GOT_NOTHING, true, CLOSED_HINT},
    {CURLE_PARTIAL_FILE, true, CLOSED_HINT},
    {CURLE_RECV_ERROR, true, CLOSED_HINT},
    {CURLE_SEND_ERROR, true, CLOSED_HINT},
    {CURLE_PEER_FAILED_VERIFICATION, false,
     "If a proxy or gateway of yours has a CA of its own, name its certificate: --cacert FILE. Check the "
     "host's name in SSA_HSM_BASE_URL and this machine's clock."},
    {CURLE_SSL_CACERT_BADFILE, false, "Name a PEM file with certificates: --cacert FILE."},
    {CURLE_PROXY, false, "Check the proxy that https_proxy or all_proxy names, and the login in it."},
    {CURLE_WEIRD_SERVER_REPLY, false,
     "Something in between, or another server than the API's, answered: check SSA_HSM_BASE_URL and proxies."},
    // libcurl's word for "HTTP/0.9", too.
    {CURLE_UNSUPPORTED_PROTOCOL, false, "What answered speaks no HTTP: check SSA_HSM_BASE_URL and proxies."},
    // libcurl says so of a header's line that is too long, too.
    {CURLE_OUT_OF_MEMORY, false,
     "If there is memory, the answer has a header without an end: check SSA_HSM_BASE_URL and proxies."},
};

static const struct network_failure *network_failure(CURLcode code)
{
    static const struct network_failure other = {CURLE_OK, false, NULL};
    for (size_t i = 0; i < sizeof network_failures / sizeof network_failures[0]; i++) {
        if (network_failures[i].code == code)
            return &network_failures[i];
    }
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

bool failure_is_passing(const struct http_response *answer)
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
    if (proxy_is_unusable(answer) ||
        (answer->proxy_status >= 300 && !proxy_status_passes(answer->proxy_status)))
        return false;
    // A handshake that breaks off may succeed; one that OpenSSL refuses is refused again.
    if (answer->code == CURLE_SSL_CONNECT_ERROR && strstr(answer->text, "SSL routines") != NULL)
        return false;
    return network_failure(answer->code)->passes;
}

static bool proxy_unusable(const struct call *call, const struct http_response *answer, struct ssa_error *err)
{
    const struct proxy *proxy = &answer->proxy;
    error_set(err, SSA_CONFIG, NULL, proxy->variable, "%s; %s failed",
              proxy->fault != NULL ? proxy->fault : "has an \"@\" that does not end a user and password",
              call->doing);
    return error_hint(err,
                      "It is [http://][USER:PASSWORD@]HOST[:PORT]; in USER and PASSWORD, all but letters "
                      "and digits is percent-encoded (\"@\" is %%40).");
}

// A 407: which kind of login it wants decides what helps.
static bool proxy_wants_login(const char *name, const struct call *call, const struct http_response *answer,
                              const char *proxy, struct ssa_error *err)
{
    const char *variable = answer->proxy.variable == NULL ? "https_proxy" : answer->proxy.variable;
    const char *logins = answer->proxy_logins;
    if (logins[0] != '\0' && strstr(logins, "Basic") == NULL) {
        error_set(
            err, SSA_NETWORK, name, proxy,
            "%s failed: the proxy asks for a login by %s (answer 407), which is not supported; Basic is",
            call->doing, logins);
        return error_hint(
            err,
            "Have the proxy let this machine pass without a login or with Basic, or run a local "
            "proxy that logs in there (cntlm, px) and name that in %s.",
            variable);
    }
    if (answer->proxy.has_user) {
        error_set(err, SSA_NETWORK, name, proxy,
                  "%s failed: the proxy does not accept the user and password (answer 407)", call->doing);
        return error_hint(err, "Check %s, and the user and password in it.", variable);
    }
    error_set(err, SSA_NETWORK, name, proxy,
              "%s failed: the proxy asks for a login (answer 407), and none was given", call->doing);
    return error_hint(err,
                      "Put it into %s: http://USER:PASSWORD@HOST:PORT, where all but letters and digits is "
                      "percent-encoded.",
                      variable);
}

static bool proxy_refused(const struct aps *client, const struct call *call,
                          const struct http_response *answer, const char *name, struct ssa_error *err)
{
    const long status = answer->proxy_status;
    const bool known = answer->proxy.host[0] != '\0' && !answer->proxy.misread;
    const char *proxy = known ? answer->proxy.host : "https_proxy";
    if (status == 407)
        return proxy_wants_login(name, call, answer, proxy, err);
    if (proxy_status_passes(status)) {
        error_set(err, SSA_NETWORK, name, proxy, "%s failed: the proxy cannot connect to %s (answer %ld %s)",
                  call->doing, client->url.host, status, error_body_phrase(status));
        return error_hint(err,
                          "The proxy, or the network behind it, has a problem: try again later, and check "
                          "https_proxy and SSA_HSM_BASE_URL.");
    }
    error_set(err, SSA_NETWORK, name, proxy, "%s failed: the proxy refuses to connect to %s (answer %ld %s)",
              call->doing, client->url.host, status, error_body_phrase(status));
    return error_hint(err,
                      "Have the proxy allow %s, or check https_proxy; no_proxy names hosts that are "
                      "reached without it.",
                      client->url.host);
}

// What was ended by us.
static bool ended(const struct aps *client, const struct call *call, const struct http_response *answer,
                  const char *name, struct ssa_error *err)
{
    const char *host = client->url.host;
    switch (answer->end) {
    case HTTP_NO_ANSWER:
        error_set(err, SSA_NETWORK, "CURLE_OPERATION_TIMEDOUT", host, "%s failed: no answer within %d s",
                  call->doing, HTTP_ANSWER_SECONDS);
        return error_hint(err, "%s", TIME_HINT);
    case HTTP_TOO_LONG:
        return error_set(err, SSA_NETWORK, name, host,
                         "%s failed: the answer is longer than the %zu bytes it may be", call->doing,
                         answer->body.capacity);
    case HTTP_TOO_MANY:
        return error_set(err, SSA_NETWORK, name, host,
                         "%s failed: the answer's headers are longer than the %u bytes they may be",
                         call->doing, HTTP_HEADERS_MAX);
    case HTTP_NOT_RESENT:
        // libcurl does not tell by which error it knew.
        return error_set(err, SSA_NETWORK, "CURLE_GOT_NOTHING", host,
                         "%s failed: the connection broke before an answer", call->doing);
    default:
        return failure_no_time(client, call, err);
    }
}

static bool network(const struct aps *client, const struct call *call, const struct http_response *answer,
                    struct ssa_error *err)
{
    char name[CURL_NAME_MAX], words[ERROR_BODY_MAX];
    struct mask mask;
    curl_name(answer->code, name);
    if (answer->end != HTTP_RAN)
        return ended(client, call, answer, name, err);
    if (proxy_is_unusable(answer))
        return proxy_unusable(call, answer, err);
    if (answer->proxy_status >= 300)
        return proxy_refused(client, call, answer, name, err);
    // What the libraries say, else libcurl's sentence for the code.
    known_secrets(client, call, &mask);
    mask_text(&mask, span_text(answer->text[0] != '\0' ? answer->text : curl_easy_strerror(answer->code)),
              words, sizeof words);
    if (answer->code == CURLE_SSL_CACERT_BADFILE)
        error_set(err, SSA_CONFIG, name, client->ca.file[0] != '\0' ? client->ca.file : client->ca.path,
                  "holds no usable certificates: %s", words);
    else
        error_set(err, SSA_NETWORK, name, client->url.host, "%s failed: %s", call->doing, words);
    const char *hint = network_failure(answer->code)->hint;
    return hint == NULL ? false : error_hint(err, "%s", hint);
}

static bool limited(const struct aps *client, const struct call *call, const struct http_response *answer,
                    const char *said, struct ssa_error *err)
{
    enum { SOON = 3600 }; // waiting longer within a command is nobody's wish
    error_set(err, SSA_RATE_LIMIT, "HTTP 429", client->url.host, "%s was put off: %s", call->doing, said);
    if (answer->retry_after < 0)
        return error_hint(
            err, "The limit is 10 requests a minute for each kind of call and client id: try again in a "
                 "minute, or allow more waiting with --timeout.");
    const time_t when = time(NULL) + (time_t)answer->retry_after;
    struct tm utc;
    char at[32] = "";
    if (gmtime_r(&when, &utc) == NULL ||
        strftime(at, sizeof at, answer->retry_after > SOON ? " (%Y-%m-%d)" : " (at %H:%M:%S UTC)", &utc) == 0)
        at[0] = '\0';
    if (answer->retry_after > SOON)
        return error_hint(err, "The server asks to try again in %lld s%s.", answer->retry_after, at);
    return error_hint(err, "Try again in %lld s%s, or allow more waiting: --timeout %lld.",
                      answer->retry_after, at, answer->retry_after + client->config.timeout);
}

// Whether the clocks are too far apart for an assertion; then that is the hint.
static bool clock_hint(const struct call *call, const struct http_response *answer, struct ssa_error *err)
{
    const long long ahead = answer->date == 0 ? 0 : (long long)time(NULL) - (long long)answer->date;
    if (!call->assertion || llabs(ahead) <= CLOCK_TOLERANCE)
        return false;
    error_hint(err,
               "This machine's clock is %lld s %s the server's, which is the likely cause: set it (NTP).",
               llabs(ahead), ahead > 0 ? "ahead of" : "behind");
    return true;
}

static bool hint_or_none(struct ssa_error *err, const char *hint)
{
    return hint == NULL ? false : error_hint(err, "%s", hint);
}

// Client id and secret, or the token that they fetched.
static bool is_of_credentials(const struct call *call, long status, enum reason reason)
{
    if (reason == REASON_CLIENT)
        return call->as_client && status != 403;
    return status == 401 || reason == REASON_CREDENTIALS || reason == REASON_ACCESS;
}

static enum ssa_class class_of(const struct call *call, long status, enum reason reason)
{
    if (is_of_credentials(call, status, reason))
        return SSA_CREDENTIALS;
    return reason == REASON_SERVER ? SSA_NETWORK : SSA_REFUSED;
}

static const char *hint_of_status(const struct call *call, long status)
{
    return status == 400   ? call->hint_400
           : status == 403 ? call->hint_403
           : status == 404 ? call->hint_404
                           : NULL;
}

static const char *hint_of_refusal(const struct call *call, long status, enum reason reason)
{
    if (is_of_credentials(call, status, reason))
        return call->as_client ? HINT_CREDENTIALS : HINT_ADMIN_TOKEN;
    switch (reason) {
    case REASON_CLIENT:
        return HINT_KIND_OF_APP;
    case REASON_STATE:
        return call->as_client ? call->hint_400 : HINT_DISABLED;
    case REASON_GRANT:
        return call->hint_400;
    case REASON_NOT_FOUND:
        return call->hint_404;
    case REASON_LIMIT:
        return call->hint_403;
    case REASON_SERVER:
        return HINT_SERVER;
    default:
        return hint_of_status(call, status);
    }
}

static const char gone_cause[] = "HTTP 404";

static bool refused(const struct aps *client, const struct call *call, const struct http_response *answer,
                    const struct refusal *refusal, struct ssa_error *err)
{
    char cause[48];
    const bool foreign = answer->status == 404 && refusal->reason != REASON_NOT_FOUND;
    (void)text_format(cause, sizeof cause, "HTTP %ld%s", answer->status,
                      foreign ? " (not the API's own)" : "");
    const char *subject = call->subject != NULL ? call->subject : client->url.host;
    error_set(err, class_of(call, answer->status, refusal->reason), cause, subject, "%s was refused: %s",
              call->doing, refusal->said);
    const bool may_be_time = answer->status < 300 || answer->status == 400 || answer->status == 401;
    if (may_be_time && clock_hint(call, answer, err))
        return false;
    return hint_or_none(err, hint_of_refusal(call, answer->status, refusal->reason));
}

static bool redirected(const struct aps *client, const struct call *call, const struct http_response *answer,
                       const char *cause, struct ssa_error *err)
{
    char location[ERROR_BODY_MAX];
    struct mask mask;
    known_secrets(client, call, &mask);
    mask_text(&mask, span_text(answer->location), location, sizeof location);
    error_set(err, SSA_NETWORK, cause, client->url.host,
              "%s failed: the server redirects%s%s, which is not followed", call->doing,
              location[0] != '\0' ? " to " : "", location);
    return error_hint(err, "Credentials go to SSA_HSM_BASE_URL alone: set it to the right server.");
}

static void read_refusal(const struct aps *client, const struct call *call,
                         const struct http_response *answer, struct refusal *refusal)
{
    struct mask mask;
    known_secrets(client, call, &mask);
    error_body_read(secret_span(&answer->body), answer->status, &mask, refusal);
}

enum reason failure_reason(const struct http_response *answer)
{
    struct refusal refusal = {0};
    if (answer->code == CURLE_OK && answer->end == HTTP_RAN)
        error_body_read(secret_span(&answer->body), answer->status, NULL, &refusal);
    return refusal.reason;
}

bool failure_is_gone(const struct http_response *answer)
{
    return answer->status == 404 && failure_reason(answer) == REASON_NOT_FOUND;
}

bool failure_is_told(const struct http_response *answer)
{
    struct refusal refusal;
    error_body_read(secret_span(&answer->body), answer->status, NULL, &refusal);
    return refusal.is_error;
}

bool failure_set(const struct aps *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err)
{
    if (answer->code != CURLE_OK || answer->end != HTTP_RAN)
        return network(client, call, answer, err);
    char cause[32];
    struct refusal refusal;
    (void)text_format(cause, sizeof cause, "HTTP %ld", answer->status);
    read_refusal(client, call, answer, &refusal);
    if (answer->status == 429)
        return limited(client, call, answer, refusal.said, err);
    if ((answer->status >= 400 && answer->status <= 499) || (answer->status <= 299 && refusal.is_error))
        return refused(client, call, answer, &refusal, err);
    if (answer->status >= 300 && answer->status <= 399)
        return redirected(client, call, answer, cause, err);
    error_set(err, SSA_NETWORK, cause, client->url.host, "%s failed: %s", call->doing, refusal.said);
    return answer->status >= 500 ? error_hint(err, "%s", HINT_SERVER) : false;
}

bool failure_no_time(const struct aps *client, const struct call *call, struct ssa_error *err)
{
    error_set(err, SSA_NETWORK, "CURLE_OPERATION_TIMEDOUT", client->url.host,
              "%s failed: the %u s for all answers are over", call->doing, client->config.timeout);
    return error_hint(err, "%s", TIME_HINT);
}

bool failure_unusable(const struct aps *client, const struct call *call, const struct http_response *answer,
                      const char *why, struct ssa_error *err)
{
    char cause[32];
    struct refusal refusal;
    (void)text_format(cause, sizeof cause, "HTTP %ld", answer->status);
    read_refusal(client, call, answer, &refusal);
    if (refusal.is_error)
        return refused(client, call, answer, &refusal, err);
    error_set(err, SSA_NETWORK, cause, client->url.host, "the answer to %s is unusable: %s", call->doing,
              why);
    return error_hint(err, "Something in between, or another server than the API's, may have answered: check "
                           "SSA_HSM_BASE_URL and proxies.");
}

bool aps_is_gone(const struct ssa_error *err)
{
    return strcmp(err->cause, gone_cause) == 0;
}
