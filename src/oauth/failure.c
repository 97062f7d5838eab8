#include "oauth/failure.h"

#include <stdlib.h>

#include "core/text.h"
#include "oauth/error_body.h"

// A bigger difference between the clocks may have spoilt an assertion: exp is at most 300 s ahead.
enum { CLOCK_TOLERANCE = 60 };

#define SERVER_HINT "The server has a problem of its own: try again later."

static bool http_cause(struct ssa_error *err, long status)
{
    return error_cause(err, SSA_DOMAIN_HTTP, (unsigned long)status, "HTTP %ld", status);
}

static bool rate_limited(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                         const char *said, struct ssa_error *err)
{
    enum { SOON = 3600, MINUTE = 60 }; // nobody wishes to wait longer within a command
    const long long seconds = answer->retry_after < 0 ? MINUTE : answer->retry_after;
    const time_t when = time(NULL) + (time_t)seconds;
    struct tm utc;
    char at[32] = "";
    error_set(err, SSA_RATE_LIMIT, NULL, client->url.host, "%s was rate-limited: %s", call->doing, said);
    if (gmtime_r(&when, &utc) == NULL ||
        strftime(at, sizeof at, seconds > SOON ? " (%Y-%m-%d)" : " (at %H:%M:%S UTC)", &utc) == 0)
        at[0] = '\0';
    if (answer->retry_after < 0 && call->api != NULL)
        error_hint(err, "Try again in a minute.");
    else if (answer->retry_after < 0)
        error_hint(err, "The limit is 10 requests a minute for each kind of call and client id: try again in a "
                        "minute.");
    else
        error_hint(err, "Try again in %lld s%s.", seconds, at);
    if (seconds <= SOON)
        error_reason(err, SSA_REASON_RATE_LIMIT, "%lld", seconds + client->config.timeout);
    return http_cause(err, 429);
}

// Whether the clocks are too far apart for an assertion. That is then the hint.
static bool clock_hint(const struct call *call, const struct http_response *answer, struct ssa_error *err)
{
    const long long ahead = answer->date == 0 ? 0 : (long long)time(NULL) - (long long)answer->date;
    const bool may_be_time = answer->status < 300 || answer->status == 400 || answer->status == 401;
    if (!call->assertion || !may_be_time || llabs(ahead) <= CLOCK_TOLERANCE)
        return false;
    error_hint(err, "This machine's clock is %lld s %s the server's. That is the likely cause: set the clock (NTP).",
               llabs(ahead), ahead > 0 ? "ahead of" : "behind");
    return true;
}

// Client id and secret, or the access token that they gave.
static bool is_of_credentials(const struct call *call, long status, enum refusal_kind kind)
{
    if (kind == REFUSAL_CLIENT)
        return call->as_client && status != 403;
    return status == 401 || kind == REFUSAL_CREDENTIALS || kind == REFUSAL_ACCESS;
}

static enum ssa_reason reason_of_status(const struct call *call, long status)
{
    if (status == 400)
        return call->on_400;
    if (status == 403)
        return call->on_403;
    if (status == 404 && call->on_404 == SSA_REASON_NONE)
        return SSA_REASON_OTHER_SERVER;
    if (status == 404)
        return call->on_404;
    return status == 409 ? call->on_409 : SSA_REASON_NONE;
}

static bool is_in_use(const struct call *call, long status, enum refusal_kind kind)
{
    return call->on_exists != SSA_REASON_NONE && (kind == REFUSAL_EXISTS || status == 409);
}

static enum ssa_reason reason_of(const struct call *call, long status, enum refusal_kind kind)
{
    if (is_of_credentials(call, status, kind))
        return call->on_401 != SSA_REASON_NONE ? call->on_401
               : call->as_client               ? SSA_REASON_CREDENTIALS
                                               : SSA_REASON_CLIENT_TOKEN;
    if (is_in_use(call, status, kind))
        return call->on_exists;
    switch (kind) {
    case REFUSAL_CLIENT:
        return SSA_REASON_CLIENT_KIND;
    case REFUSAL_STATE:
        return call->on_state;
    case REFUSAL_GRANT:
        return call->on_400;
    case REFUSAL_NOT_FOUND:
        return call->on_missing;
    case REFUSAL_LIMIT:
        return call->on_limit;
    case REFUSAL_SERVER:
        return SSA_REASON_NONE;
    default:
        return reason_of_status(call, status);
    }
}

static bool refused(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                    const struct refusal *refusal, struct ssa_error *err)
{
    const long status = answer->status;
    const enum ssa_class class = is_of_credentials(call, status, refusal->kind) ? SSA_CREDENTIALS
                                 : is_in_use(call, status, refusal->kind)       ? SSA_IN_USE
                                 : refusal->kind == REFUSAL_SERVER              ? SSA_NETWORK
                                                                                : SSA_REFUSED;
    error_set(err, class, NULL, call->subject != NULL ? call->subject : client->url.host, "%s was refused: %s",
              call->doing, refusal->said);
    if (!clock_hint(call, answer, err)) {
        error_reason(err, reason_of(call, status, refusal->kind), "%s", call->detail != NULL ? call->detail : "");
        if (refusal->kind == REFUSAL_SERVER)
            error_hint(err, SERVER_HINT);
    }
    return http_cause(err, status);
}

static bool redirected(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                       const struct mask *mask, struct ssa_error *err)
{
    char location[ERROR_BODY_MAX];
    mask_text(mask, span_text(answer->location), location, sizeof location);
    error_set(err, SSA_NETWORK, NULL, client->url.host, "%s failed: the server redirects%s%s, which is not followed",
              call->doing, location[0] != '\0' ? " to " : "", location);
    error_reason(err, SSA_REASON_REDIRECTED, NULL);
    return http_cause(err, answer->status);
}

static struct refusal read_refusal(const struct http_response *answer, const struct mask *mask)
{
    struct refusal refusal;
    error_body_read(secret_span(&answer->body), answer->status, mask, &refusal);
    return refusal;
}

bool failure_is_gone(const struct http_response *answer)
{
    return answer->code == CURLE_OK && answer->end == HTTP_RAN && answer->status == 404 &&
           read_refusal(answer, NULL).kind == REFUSAL_NOT_FOUND;
}

bool failure_is_told(const struct http_response *answer)
{
    return read_refusal(answer, NULL).is_error;
}

bool failure_set(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err)
{
    const struct mask mask = client_secrets(client, call->secret);
    const struct refusal refusal = read_refusal(answer, &mask);
    const long status = answer->status;
    if (status == 429)
        return rate_limited(client, call, answer, refusal.said, err);
    if ((status >= 400 && status <= 499) || (status <= 299 && refusal.is_error))
        return refused(client, call, answer, &refusal, err);
    if (status >= 300 && status <= 399)
        return redirected(client, call, answer, &mask, err);
    error_set(err, SSA_NETWORK, NULL, client->url.host, "%s failed: %s", call->doing, refusal.said);
    if (status >= 500)
        error_hint(err, SERVER_HINT);
    return http_cause(err, status);
}

bool failure_unusable(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                      struct ssa_error *err)
{
    const struct ssa_error why = *err;
    const struct mask mask = client_secrets(client, call->secret);
    const struct refusal refusal = read_refusal(answer, &mask);
    if (refusal.is_error)
        return refused(client, call, answer, &refusal, err);
    error_set(err, SSA_NETWORK, NULL, client->url.host, "the answer to %s is unusable: %s", call->doing, why.what);
    error_reason(err, SSA_REASON_OTHER_SERVER, NULL);
    return http_cause(err, answer->status);
}
