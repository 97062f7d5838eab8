#include "agent/http/answer.h"

#include "agent/http/guest.h"
#include "core/text.h"

static bool is_told(struct http_server *server, const struct connection *connection, enum failure failed)
{
    long long wait_ms;
    return failed == FAILURE_NONE || connection->caller.rights == RIGHTS_ALL ||
           pace_allows(&server->failing, connection->caller.share, monotonic_ms(), &wait_ms);
}

// what NULL: it is not told to the audit.
static void note(struct http_server *server, struct connection *connection, enum failure failed, const char *what,
                 const char *scope)
{
    const struct caller *caller = &connection->caller;
    const char *profile = connection->request.understood ? connection->request.demand.profile : NULL;
    if (connection->guest != NULL)
        profile = connection->guest->entry.profile;
    (void)atomic_fetch_add_explicit(&server->ended[failed], 1, memory_order_relaxed);
    connection_note(connection, STAGE_ANSWERING);
    if (connection->guest != NULL && caller->name != NULL && what != NULL && failed != FAILURE_NONE)
        guests_note(server->guests, caller->name, false);
    if (server->config.audit == NULL || what == NULL)
        return;
    if (!is_told(server, connection, failed)) {
        audit_skip(server->config.audit);
        return;
    }
    const struct audit_event event = {
        .what = what,
        .has_peer = caller->has_peer,
        .uid = caller->uid,
        .pid = caller->pid,
        .executable = caller->executable,
        .caller = caller->name,
        .san = caller->san,
        .profile = text_present(profile) ? profile : server->first_profile,
        .scope = scope,
        .outcome = failure_name(failed),
        .took_us = (monotonic_ns() - connection->began_ns) / 1000,
    };
    audit_write(server->config.audit, &event);
}

void end_handed_out(struct http_server *server, struct connection *connection, const struct access *access)
{
    if (connection->guest != NULL)
        guests_note(server->guests, connection->caller.name, true);
    note(server, connection, FAILURE_NONE, "token", access->scope);
}

static const char *asked_scope(const struct connection *connection)
{
    if (guest_is_as_provider(connection))
        return connection->guest->scope;
    return connection->request.understood ? connection->request.demand.scope : NULL;
}

enum MHD_Result end_as(struct http_server *server, struct connection *connection, enum failure failed, unsigned status,
                       struct MHD_Response *answer, const char *what)
{
    if (answer == NULL)
        return MHD_NO;
    note(server, connection, failed, what, asked_scope(connection));
    const enum MHD_Result queued = microhttpd.queue_response(connection->http, status, answer);
    microhttpd.destroy_response(answer);
    return queued;
}

enum MHD_Result end_with(struct http_server *server, struct connection *connection, enum failure failed,
                         struct MHD_Response *answer, const char *what)
{
    return end_as(server, connection, failed, failure_status(failed), answer, what);
}
