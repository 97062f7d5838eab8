#include "agent/http/refusal.h"

#include "agent/http/guest.h"

// How a failure is told: the agent's own states are none of a caller's business.
static const struct {
    unsigned status; // 0: as the agent tells it
    const char *error;
} told[FAILURES] = {
    [FAILURE_BAD_REQUEST] = {0, "invalid_request"},
    [FAILURE_UNAUTHORIZED] = {0, "invalid_credentials"},
    [FAILURE_FORBIDDEN] = {0, "access_denied"},
    [FAILURE_NOT_FOUND] = {0, "not_found"},
    [FAILURE_METHOD_NOT_ALLOWED] = {0, "method_not_allowed"},
    [FAILURE_RATE_LIMITED] = {0, "rate_limit_exceeded"},
    [FAILURE_UNKNOWN_PROFILE] = {503, "temporarily_unavailable"},
    [FAILURE_DIFFERS] = {503, "temporarily_unavailable"},
    [FAILURE_LOCKED] = {503, "temporarily_unavailable"},
    [FAILURE_LOST] = {503, "temporarily_unavailable"},
    [FAILURE_UNAVAILABLE] = {503, "temporarily_unavailable"},
    [FAILURE_REFUSED] = {0, "server_error"},
    [FAILURE_CREDENTIALS] = {0, "server_error"},
    [FAILURE_UPSTREAM] = {0, "server_error"},
    [FAILURE_TIMED_OUT] = {0, "server_error"},
    [FAILURE_UNEXPECTED] = {0, "server_error"},
};

static struct MHD_Response *make_refusal(const struct refusal *refusal)
{
    const struct reply_oauth reply = {
        .error = refusal->error != NULL ? refusal->error : told[refusal->failed].error,
        .description = refusal->description,
        // The API's gateway says that, and it is what a client looks for.
        .developer_message = refusal->failed == FAILURE_RATE_LIMITED ? "Quota limit exceeded." : NULL,
        .retry_after = refusal->retry_after,
        .allow = refusal->failed == FAILURE_METHOD_NOT_ALLOWED ? MHD_HTTP_METHOD_POST : NULL,
        .authenticate = refusal->failed == FAILURE_UNAUTHORIZED,
        .close = refusal->failed == FAILURE_UNAUTHORIZED || refusal->failed == FAILURE_FORBIDDEN,
    };
    return reply_oauth(&reply);
}

enum MHD_Result end_refused(struct http_server *server, struct connection *connection, const struct refusal *refusal)
{
    const unsigned status = told[refusal->failed].status;
    return end_as(server, connection, refusal->failed, status != 0 ? status : failure_status(refusal->failed),
                  make_refusal(refusal), refusal->what);
}

enum MHD_Result end_failed(struct http_server *server, struct connection *connection, const struct ssa_error *err,
                           unsigned retry_after, const char *what)
{
    const enum failure failed = failure_of(err);
    if (!guest_is_as_provider(connection))
        return end_with(server, connection, failed, reply_failure(failed, err, retry_after, NULL, NULL), what);
    const struct refusal refusal = {
        .failed = failed, .description = err->what, .retry_after = retry_after, .what = what};
    return end_refused(server, connection, &refusal);
}
