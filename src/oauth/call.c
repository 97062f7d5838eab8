#include "oauth/call.h"

#include <stdlib.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "oauth/failure.h"
#include "oauth/network.h"

enum {
    FAILURES_MAX = 3,         // tries beyond the first, where the server or the way to it is broken
    BACK_OFF_MS = 500,        // doubled each time
    LIMIT_BACK_OFF_MS = 2000, // after a 429 that does not say how long
    LIMIT_BACK_OFF_MAX = 30000,
    LEAST_MS = 1000, // that must be left for the try after a wait
};

// The tries so far.
struct tries {
    struct oauth_client *client;
    const struct call *call;
    unsigned failures, limits;
    bool limited; // the last one met the rate limit
    bool lost;    // one may have been carried out, but its answer was lost
};

static bool whole(const struct http_response *answer)
{
    return answer->code == CURLE_OK && answer->end == HTTP_RAN;
}

static bool success(const struct http_response *answer)
{
    return answer->status >= 200 && answer->status <= 299;
}

// Whether a success is none: its body is an error. Only a call whose answer has no body is looked at here. For all
// others this is found where the body is read.
static bool denied(const struct call *call, const struct http_response *answer)
{
    return call->no_answer && answer->body.len > 0 && failure_is_told(answer);
}

// libcurl calls this again and again. Once a creation was sent, its answer is waited for even after an interruption,
// because only the answer tells what must be undone. A key whose id nobody read would stay at the server.
static bool stop(void *context, bool sent)
{
    const struct tries *tries = context;
    struct oauth_client *client = tries->client;
    client_waits(client);
    if (!client_interrupted(client))
        return false;
    if (!tries->call->creates || !sent)
        return true;
    if (!client->told_interrupted)
        tell(client->config.callbacks, SSA_NOTICE,
             "interrupted: waiting up to %d s for the answer to %s, so that it can be undone", HTTP_ANSWER_SECONDS,
             tries->call->doing);
    client->told_interrupted = true;
    return false;
}

bool call_request(struct oauth_client *client, const struct call *call, char url[static URL_MAX],
                  struct http_request *request, struct ssa_error *err)
{
    if (!call->as_client && client->bearer.len == 0)
        return error_set(err, SSA_UNEXPECTED, NULL, client->url.host,
                         "%s needs an admin access token, and none was fetched", call->doing);
    *request = (struct http_request){
        .method = call->method,
        .url = url,
        .content_type = call->content_type,
        .headers = call->headers,
        .body = call->body,
        .plain = client->url.plain,
        .ca = &client->ca,
        .send_once = call->creates,
        .left_ms = client->left_ms,
    };
    if (call->as_client)
        request->authorization = secret_text(&client->authorization);
    else
        request->bearer = secret_text(&client->bearer);
    return url_of(&client->url, call->api, call->path, url, URL_MAX, err);
}

bool call_has_credentials(const struct oauth_client *client, const struct call *call, struct ssa_error *err)
{
    return !call->as_client || client->authorization.len > 0 ||
           error_set(err, SSA_UNEXPECTED, NULL, client->url.host, "%s needs the client secret, which is not known",
                     call->doing);
}

static bool send_once(struct tries *tries, struct http_response *answer, struct ssa_error *err)
{
    struct oauth_client *client = tries->client;
    const struct call *call = tries->call;
    char url[URL_MAX];
    struct http_request request;
    if (!call_request(client, call, url, &request, err) || !call_has_credentials(client, call, err))
        return false;
    if (client->handle == NULL)
        client->handle = http_handle_new(err);
    if (client->handle == NULL)
        return false;
    request.stop = stop;
    request.context = tries;
    return http_send(client->handle, &request, answer, err);
}

// Whether the answer to a creation says that nothing was made. Only the API's own statuses say so. A gateway may send
// others (RFC 9110 section 15: 408, 413, 417, 421, 425, 451) after the server has acted.
static bool says_not_made(const struct http_response *answer)
{
    static const long refusals[] = {400, 403, 404, 409, 429};
    for (size_t i = 0; i < COUNT(refusals); i++)
        if (answer->status == refusals[i])
            return true;
    return false;
}

static enum oauth_outcome outcome_of(const struct call *call, const struct http_response *answer)
{
    if (success(answer))
        return OAUTH_DONE;
    const bool unclear = answer->status == 0 || answer->status >= 500;
    return answer->sent && (unclear || (call->creates && !says_not_made(answer))) ? OAUTH_MAYBE_DONE : OAUTH_NOT_DONE;
}

// The time to wait doubles with each failure. It varies by up to a quarter, because clients that failed together must
// not all come back at the same moment.
static long long back_off(long long first, unsigned times, long long most)
{
    const long long base = first << (times < 10 ? times : 10), bounded = base < most ? base : most;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return bounded * 3 / 4 + now.tv_nsec / 1000 % (bounded / 2 + 1);
}

// Whether there is time to wait so long, and the call is still of use then.
static bool worth_waiting(const struct tries *tries, long long wait)
{
    const long long useless_ms = tries->call->useless_ms;
    return wait + LEAST_MS <= tries->client->left_ms && (useless_ms == 0 || monotonic_ms() + wait < useless_ms);
}

static bool set_failure(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                        struct ssa_error *err)
{
    return whole(answer) ? failure_set(client, call, answer, err) : network_set(client, call, answer, err);
}

// Milliseconds until the next try; -1 for no next try.
static long long next_try(struct tries *tries, const struct http_response *answer)
{
    const struct oauth_client *client = tries->client;
    if (client->config.once)
        return -1;
    // Bounded by HTTP_RETRY_AFTER_MAX.
    const long long asked = answer->retry_after < 0 ? -1 : answer->retry_after * 1000;
    if (whole(answer) && answer->status == 429) {
        const long long own = back_off(LIMIT_BACK_OFF_MS, tries->limits++, LIMIT_BACK_OFF_MAX);
        const long long wait = asked < 0 ? own : asked > BACK_OFF_MS ? asked : BACK_OFF_MS;
        if (!worth_waiting(tries, wait))
            return -1;
        tries->limited = true;
        if (client->config.callbacks->waiting == NULL)
            tell(client->config.callbacks, SSA_NOTICE, "rate limit: waiting %lld s before %s is tried again",
                 (wait + 999) / 1000, tries->call->doing);
        return wait;
    }
    const bool repeatable = !tries->call->creates || !answer->sent;
    tries->limited = false;
    const bool passes = answer->status >= 500 || network_passes(client, answer);
    if (!passes || !repeatable || tries->failures >= FAILURES_MAX)
        return -1;
    const long long own = back_off(BACK_OFF_MS, tries->failures++, LIMIT_BACK_OFF_MAX);
    const long long wait = asked > own ? asked : own;
    if (!worth_waiting(tries, wait))
        return -1;
    struct ssa_error why;
    set_failure(client, tries->call, answer, &why);
    tell(client->config.callbacks, SSA_NOTICE, "%s (%s): trying again in %lld.%lld s", why.what, why.cause, wait / 1000,
         wait % 1000 / 100);
    return wait;
}

// Counts the time since *since as used.
static void charge(struct oauth_client *client, long long *since)
{
    const long long now = monotonic_ms();
    client->left_ms -= now - *since;
    *since = now;
}

// Waiting for the rate limit is not charged: no server and no network is slow.
static bool keep_pace(struct oauth_client *client, const struct call *call, long long *since, struct ssa_error *err)
{
    const long long wait = call->paced ? pace_delay(&client->pace, monotonic_ms()) : 0;
    if (wait == 0)
        return true;
    if (client->config.callbacks->waiting == NULL)
        tell(client->config.callbacks, SSA_PROGRESS,
             "the API takes %ld such requests a minute: waiting %lld s before %s goes on", pace_limit(&client->pace),
             (wait + 999) / 1000, call->doing);
    const bool waited = client_wait(client, SSA_WAIT_RATE_LIMIT, wait, err);
    *since = monotonic_ms();
    return waited;
}

static void note_answer(struct oauth_client *client, const struct call *call, const struct http_response *answer)
{
    const long long now = monotonic_ms();
    client->requests += answer->sent;
    client->told = (struct oauth_limits){.limited = whole(answer) && answer->status == 429,
                                         .value = answer->limit,
                                         .remaining = answer->remaining,
                                         .retry_after = answer->retry_after};
    if (call->paced) {
        pace_note(&client->pace, now);
        client->pace.limit = answer->limit;
    }
    if (answer->date != 0) {
        client->server_date = answer->date;
        client->server_date_ms = now;
    }
}

bool call_make(struct oauth_client *client, const struct call *call, struct http_response *answer, bool tried,
               enum oauth_outcome *outcome, struct ssa_error *err)
{
    enum oauth_outcome ignored = OAUTH_NOT_DONE;
    outcome = outcome == NULL ? &ignored : outcome;
    *outcome = OAUTH_NOT_DONE;
    struct tries tries = {.client = client, .call = call};
    long long since = monotonic_ms();
    for (;; tried = false) {
        if (!tried && client->left_ms <= 0)
            return network_no_time(client, call, err);
        if (!tried && client_interrupted(client))
            return client_stop(client, err);
        if (!tried && !keep_pace(client, call, &since, err))
            return false;
        if (!tried && !send_once(&tries, answer, err))
            return false;
        note_answer(client, call, answer);
        charge(client, &since);
        *outcome = outcome_of(call, answer);
        const bool succeeded = whole(answer) && success(answer), no = succeeded && denied(call, answer);
        const bool gone_already = call->deletes && tries.lost && failure_is_gone(answer);
        if ((succeeded && !no) || gone_already)
            return true;
        if (no)
            *outcome = OAUTH_MAYBE_DONE;
        if (answer->end == HTTP_STOPPED)
            return client_stop(client, err);
        tries.lost = tries.lost || *outcome != OAUTH_NOT_DONE;
        const long long wait = next_try(&tries, answer);
        // A later try may be refused because an earlier one was carried out.
        if (wait < 0 && tries.lost && *outcome == OAUTH_NOT_DONE)
            *outcome = OAUTH_MAYBE_DONE;
        if (wait < 0)
            return set_failure(client, call, answer, err);
        const bool waited = client_wait(client, tries.limited ? SSA_WAIT_RATE_LIMIT : SSA_WAIT_RETRY, wait, err);
        charge(client, &since);
        if (!waited)
            return false;
    }
}
