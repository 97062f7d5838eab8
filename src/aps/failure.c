// What went wrong with a call: the network's failures, the server's refusals, and what to do about each.
#include "aps/failure.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aps/curl_name.h"
#include "aps/error_body.h"
#include "core/json.h"
#include "core/text.h"

// More than this between the clocks may have spoilt an assertion (exp is at most 300 s ahead).
enum { CLOCK_TOLERANCE = 60 };

#define CLOSED_HINT "The server, or a proxy in between, closed the connection: try again later."

static const char *hint_of(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *hint;
    } hints[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "Check the network, its DNS, and SSA_HSM_BASE_URL."},
        {CURLE_COULDNT_RESOLVE_PROXY, "Check the proxy that https_proxy names."},
        {CURLE_COULDNT_CONNECT, "Check the network, firewall and proxy (https_proxy), and SSA_HSM_BASE_URL."},
        {CURLE_SSL_CONNECT_ERROR,
         "The server must speak TLS 1.2 or later there; a proxy in between may not."},
        {CURLE_PEER_FAILED_VERIFICATION, "If a proxy or gateway of yours has a CA of its own, name its "
                                         "certificate: --cacert FILE. Check the host's "
                                         "name in SSA_HSM_BASE_URL and this machine's clock."},
        {CURLE_SSL_CACERT_BADFILE, "Name a PEM file with certificates: --cacert FILE."},
        {CURLE_GOT_NOTHING, CLOSED_HINT},
        {CURLE_PARTIAL_FILE, CLOSED_HINT},
        {CURLE_RECV_ERROR, CLOSED_HINT},
        {CURLE_SEND_ERROR, CLOSED_HINT},
        {CURLE_OPERATION_TIMEDOUT, "Check the network and proxy; --timeout SECONDS gives more time in all."},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (hints[i].code == code)
            return hints[i].hint;
    }
    return NULL;
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
    // A proxy that refuses once refuses again.
    if (answer->proxy_status >= 400 && answer->proxy_status <= 499)
        return false;
    switch (answer->code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return true;
    default:
        return false;
    }
}

// What the libraries say, without a line break at its end, else libcurl's sentence for the code.
static const char *words(const struct http_response *answer)
{
    return answer->text[0] != '\0' ? answer->text : curl_easy_strerror(answer->code);
}

static bool network(const struct aps *client, const struct call *call, const struct http_response *answer,
                    struct ssa_error *err)
{
    const char *host = client->url.host;
    char name[CURL_NAME_MAX];
    curl_name(answer->code, name);
    switch (answer->end) {
    case HTTP_NO_ANSWER:
        error_set(err, SSA_NETWORK, "CURLE_OPERATION_TIMEDOUT", host, "%s failed: no answer within %d s",
                  call->doing, HTTP_ANSWER_SECONDS);
        return error_hint(err, "%s", hint_of(CURLE_OPERATION_TIMEDOUT));
    case HTTP_NO_TIME:
        return failure_no_time(client, call, err);
    case HTTP_TOO_LONG:
        return error_set(err, SSA_NETWORK, name, host,
                         "%s failed: the answer is longer than the %zu bytes it may be", call->doing,
                         answer->body.capacity);
    case HTTP_NOT_RESENT:
        // libcurl does not tell by which error it knew.
        return error_set(err, SSA_NETWORK, "CURLE_GOT_NOTHING", host,
                         "%s failed: the connection broke before an answer", call->doing);
    default:
        break;
    }
    if (answer->proxy_status >= 300) {
        error_set(err, SSA_NETWORK, name, host, "%s failed: the proxy answered %ld", call->doing,
                  answer->proxy_status);
        return error_hint(err, "Check https_proxy, and the user and password in it.");
    }
    if (answer->code == CURLE_SSL_CACERT_BADFILE)
        error_set(err, SSA_CONFIG, name, client->ca.file[0] != '\0' ? client->ca.file : client->ca.path,
                  "holds no usable certificates: %s", words(answer));
    else
        error_set(err, SSA_NETWORK, name, host, "%s failed: %s", call->doing, words(answer));
    const char *hint = hint_of(answer->code);
    return hint == NULL ? false : error_hint(err, "%s", hint);
}

static bool limited(const struct aps *client, const struct call *call, const struct http_response *answer,
                    const char *said, struct ssa_error *err)
{
    error_set(err, SSA_RATE_LIMIT, "HTTP 429", client->url.host, "%s was put off: %s", call->doing, said);
    if (answer->retry_after < 0)
        return error_hint(
            err, "The limit is 10 requests a minute for each kind of call and client id: try again in a "
                 "minute, or allow more waiting with --timeout.");
    const time_t when = time(NULL) + (time_t)answer->retry_after;
    struct tm utc;
    char at[32] = "";
    if (gmtime_r(&when, &utc) == NULL || strftime(at, sizeof at, " (at %H:%M:%S UTC)", &utc) == 0)
        at[0] = '\0';
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

// The words that a 404 of the API has as its title; one description has the member itself misspelt.
static bool visit_title(void *context, const struct json_value *value, struct ssa_error *err)
{
    static const char *const titles[] = {"not_found", "not found", "not-found"};
    bool *gone = context;
    char text[16];
    (void)err;
    if (value->type != JSON_STRING ||
        (strcmp(value->path, "title") != 0 && strcmp(value->path, "title:") != 0) ||
        value->text.len >= sizeof text)
        return true;
    memcpy(text, value->text.data, value->text.len);
    text[value->text.len] = '\0';
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        *gone = *gone || strcasecmp(text, titles[i]) == 0;
    return true;
}

bool failure_is_gone(const struct http_response *answer)
{
    bool gone = false;
    struct ssa_error ignored = {0};
    return answer->code == CURLE_OK && answer->end == HTTP_RAN && answer->status == 404 &&
           json_read(secret_span(&answer->body), visit_title, &gone, &ignored) && gone;
}

static const char gone_cause[] = "HTTP 404";

static bool refused(const struct aps *client, const struct call *call, const struct http_response *answer,
                    const char *said, struct ssa_error *err)
{
    char cause[32];
    (void)text_format(cause, sizeof cause, "HTTP %ld%s", answer->status,
                      answer->status == 404 && !failure_is_gone(answer) ? " (not the API's own)" : "");
    const char *subject = call->subject != NULL ? call->subject : client->url.host;
    const enum ssa_class class = answer->status == 401 ? SSA_CREDENTIALS : SSA_REFUSED;
    error_set(err, class, cause, subject, "%s was refused: %s", call->doing, said);
    const bool bad_request = answer->status == 400 || answer->status == 401;
    if (bad_request && clock_hint(call, answer, err))
        return false;
    switch (answer->status) {
    case 400:
        return hint_or_none(err, call->hint_400);
    case 401:
        return error_hint(err, call->as_client
                                   ? "Check APS_CLIENT_ID and APS_SECRET_ID: they belong together, and to "
                                     "the server that SSA_HSM_BASE_URL names."
                                   : "The admin token was not accepted: check APS_CLIENT_ID and "
                                     "APS_SECRET_ID.");
    case 403:
        return hint_or_none(err, call->hint_403);
    case 404:
        return hint_or_none(err, call->hint_404);
    default:
        return false;
    }
}

bool failure_set(const struct aps *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err)
{
    if (answer->code != CURLE_OK || answer->end != HTTP_RAN)
        return network(client, call, answer, err);
    char cause[32], said[ERROR_BODY_MAX];
    (void)text_format(cause, sizeof cause, "HTTP %ld", answer->status);
    error_body_text(secret_span(&answer->body), answer->status, secret_text(&client->client_secret), said);
    if (answer->status == 429)
        return limited(client, call, answer, said, err);
    if (answer->status >= 400 && answer->status <= 499)
        return refused(client, call, answer, said, err);
    if (answer->status >= 300 && answer->status <= 399) {
        const bool told = answer->location[0] != '\0';
        error_set(err, SSA_NETWORK, cause, client->url.host,
                  "%s failed: the server redirects%s%s, which is not followed", call->doing,
                  told ? " to " : "", answer->location);
        return error_hint(err, "Credentials go to SSA_HSM_BASE_URL alone: set it to the right server.");
    }
    error_set(err, SSA_NETWORK, cause, client->url.host, "%s failed: %s", call->doing, said);
    return answer->status >= 500 ? error_hint(err, "The server has a problem of its own: try again later.")
                                 : false;
}

bool failure_no_time(const struct aps *client, const struct call *call, struct ssa_error *err)
{
    error_set(err, SSA_NETWORK, "CURLE_OPERATION_TIMEDOUT", client->url.host,
              "%s failed: the %u s for all answers are over", call->doing, client->config.timeout);
    return error_hint(err, "Check the network and proxy; --timeout SECONDS gives more time in all.");
}

bool failure_unusable(const struct aps *client, const struct call *call, const struct http_response *answer,
                      const char *why, struct ssa_error *err)
{
    char cause[32];
    (void)text_format(cause, sizeof cause, "HTTP %ld", answer->status);
    error_set(err, SSA_NETWORK, cause, client->url.host, "the answer to %s is unusable: %s", call->doing,
              why);
    return error_hint(err, "Something in between, or another server than the API's, may have answered: check "
                           "SSA_HSM_BASE_URL and proxies.");
}

bool aps_is_gone(const struct ssa_error *err)
{
    return strcmp(err->cause, gone_cause) == 0;
}
