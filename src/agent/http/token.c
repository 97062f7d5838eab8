// GET /v1/token
#include "agent/http/grant.h"
#include "agent/http/guest.h"
#include "agent/http/refusal.h"
#include "core/boot_clock.h"
#include "core/monotonic.h"
#include "core/text.h"

static OWN_FRAME enum MHD_Result refuse(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_REFUSED, SSA_REASON_AGENT_REFUSES, NULL,
                        "this user may not have an access token for these scopes");
    return end_failed(server, connection, &err, 0, "refused");
}

// Another user who always demands a new one would use up what the API allows to all.
static bool presses(struct http_server *server, const struct connection *connection, const struct demand *demand,
                    long long *wait_ms)
{
    if (connection->caller.rights == RIGHTS_ALL || !demand->force)
        return false;
    if (connection->guest != NULL)
        return !guests_allow(server->guests, connection->guest->entry.name, GUEST_FORCED, monotonic_ms(), wait_ms);
    return !pace_allows(&server->pressing, connection->caller.share, monotonic_ms(), wait_ms);
}

static OWN_FRAME enum MHD_Result too_often(struct http_server *server, struct connection *connection, long long wait_ms)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_RATE_LIMIT, SSA_REASON_AGENT_BUDGET, NULL,
                        "this user has asked for new access tokens too often");
    return end_failed(server, connection, &err, (unsigned)(wait_ms / 1000 + 1), "token");
}

// As the API gives it.
static enum MHD_Result hand_out_as_provider(struct http_server *server, struct connection *connection,
                                            struct access *access)
{
    static const struct refusal ended = {.failed = FAILURE_UNAVAILABLE,
                                         .description = "there is no access token that lasts",
                                         .retry_after = 1,
                                         .what = "token"};
    struct MHD_Response *answer = grant_make(access, boot_ms(), false);
    if (answer == NULL)
        return end_refused(server, connection, &ended);
    const enum MHD_Result queued = microhttpd.queue_response(connection->http, MHD_HTTP_OK, answer);
    microhttpd.destroy_response(answer);
    if (queued == MHD_YES)
        end_handed_out(server, connection, access);
    return queued;
}

static enum MHD_Result hand_out(struct http_server *server, struct connection *connection, struct access *access)
{
    // Without a scope, it is the profile's.
    if (connection->caller.scope != NULL && !scope_within(access->scope, connection->caller.scope))
        return refuse(server, connection);
    if (guest_is_as_provider(connection))
        return hand_out_as_provider(server, connection, access);
    if (prepared_queue(&server->prepared, access, boot_ms(), connection->http)) {
        end_handed_out(server, connection, access);
        return MHD_YES;
    }
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL,
                        "the access token expires too soon to be handed out");
    return end_failed(server, connection, &err, 1, "token");
}

enum MHD_Result token_end(struct http_server *server, struct connection *connection, struct result *result)
{
    const struct outcome *outcome = &result->outcome;
    if (outcome->access != NULL)
        return hand_out(server, connection, outcome->access);
    const bool refused = outcome->err.reason == SSA_REASON_AGENT_REFUSES;
    return end_failed(server, connection, &outcome->err, outcome->retry_after, refused ? "refused" : "token");
}

static void later(void *context, struct outcome *outcome)
{
    struct result result = {.outcome = *outcome};
    wait_end(context, &result);
}

static OWN_FRAME enum MHD_Result failed(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL, "there is no memory for a request");
    return end_failed(server, connection, &err, 1, "token");
}

enum MHD_Result token_ask(struct http_server *server, struct connection *connection, const struct demand *wanted)
{
    struct demand own = *wanted;
    // A request that is refused must cost no signature, either.
    own.within = connection->caller.scope;
    const struct demand *demand = &own;
    long long wait_ms = 0;
    if (connection->caller.scope != NULL && text_present(demand->scope) &&
        !scope_within(demand->scope, connection->caller.scope))
        return refuse(server, connection);
    if (presses(server, connection, demand, &wait_ms))
        return too_often(server, connection, wait_ms);
    struct wait *wait = wait_ready(server->waits, connection);
    if (wait == NULL)
        return failed(server, connection);
    struct result result;
    // The whole of it is large, and zeros are seldom needed.
    result.outcome.access = NULL;
    result.outcome.fresh = false;
    result.outcome.retry_after = 0;
    result.outcome.err.code = SSA_OK;
    result.outcome.err.reason = SSA_REASON_NONE;
    result.text = (struct secret){0};
    if (service_token(server->config.service, demand, &result.outcome, later, wait) == SERVICE_LATER) {
        connection_note(connection, STAGE_WAITING);
        if (wait_sleep(wait))
            return MHD_YES;
        if (!wait_take(connection, &result))
            return MHD_NO;
    }
    const enum MHD_Result done = token_end(server, connection, &result);
    result_free(&result);
    return done;
}

enum MHD_Result token_begin(struct http_server *server, struct connection *connection)
{
    struct demand demand = connection->request.demand;
    if (connection->guest != NULL && !guest_narrow(server, connection, &demand))
        return refuse(server, connection);
    return token_ask(server, connection, &demand);
}
