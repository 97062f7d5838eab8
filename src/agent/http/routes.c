// From a request to the function that answers it.
#include <string.h>
#include <sys/socket.h>

#include "agent/http/facade.h"
#include "agent/http/guest.h"
#include "agent/http/guest_request.h"
#include "agent/http/refusal.h"
#include "agent/http/tls.h"

static enum MHD_Result refuse(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_REFUSED, SSA_REASON_AGENT_REFUSES, NULL,
                        "the agent does not answer that to this user");
    return end_failed(server, connection, &err, 0, "refused");
}

static enum MHD_Result not_found(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_set(&err, SSA_USAGE, NULL, NULL, "the agent has nothing under this path");
    return end_with(server, connection, FAILURE_NOT_FOUND, reply_failure(FAILURE_NOT_FOUND, &err, 0, NULL, NULL), NULL);
}

static enum MHD_Result wrong_method(struct http_server *server, struct connection *connection, const char *right)
{
    struct ssa_error err = {0};
    (void)error_set(&err, SSA_USAGE, NULL, NULL, "the method must be %s here", right);
    return end_with(server, connection, FAILURE_METHOD_NOT_ALLOWED,
                    reply_failure(FAILURE_METHOD_NOT_ALLOWED, &err, 0, NULL, right), NULL);
}

static enum MHD_Result stops(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_ABSENT, SSA_REASON_AGENT_GONE, NULL, "the agent stops");
    return end_failed(server, connection, &err, 1, NULL);
}

typedef enum MHD_Result begin(struct http_server *server, struct connection *connection);

static begin *const begins[REQUEST_KINDS] = {
    [REQUEST_TOKEN] = token_begin,    [REQUEST_ASSERTION] = job_begin,    [REQUEST_STATUS] = status_answer,
    [REQUEST_HEALTH] = health_answer, [REQUEST_METRICS] = metrics_answer, [REQUEST_LOCK] = job_begin,
    [REQUEST_UNLOCK] = job_begin,
};

// As the docs of the interface have it, with the rights of the connection's caller.
static enum MHD_Result answer_by_rights(struct http_server *server, struct connection *connection, const char *method)
{
    struct request *request = &connection->request;
    struct ssa_error err;
    if (connection->caller.rights == RIGHTS_NONE)
        return refuse(server, connection);
    const bool understood = request_understand(request, &err);
    const bool for_others = request->kind == REQUEST_TOKEN || request->kind == REQUEST_HEALTH;
    if (connection->caller.rights != RIGHTS_ALL && !for_others)
        return refuse(server, connection);
    if (!understood)
        return end_failed(server, connection, &err, 0, NULL);
    if (request->kind == REQUEST_UNKNOWN)
        return not_found(server, connection);
    const char *right = request->post ? MHD_HTTP_METHOD_POST : MHD_HTTP_METHOD_GET;
    if (strcmp(method, right) != 0)
        return wrong_method(server, connection, right);
    if (!server_enter(server))
        return stops(server, connection);
    const enum MHD_Result result = begins[request->kind](server, connection);
    server_leave(server);
    return result;
}

static enum MHD_Result answer_guest(struct http_server *server, struct connection *connection, const char *method)
{
    enum MHD_Result done;
    connection_note(connection, STAGE_WORKING);
    if (connection->guest == NULL)
        return MHD_NO;
    if (guest_let_in(server, connection, &done))
        done = guest_is_as_provider(connection) ? facade_answer(server, connection, method)
                                                : answer_by_rights(server, connection, method);
    guest_answered(connection->guest);
    return done;
}

typedef enum MHD_Result answer(struct http_server *server, struct connection *connection, const char *method);

static answer *const answers[LISTENER_KINDS] = {
    [LISTENER_UNIX] = answer_by_rights, [LISTENER_FACADE] = answer_guest, [LISTENER_BROKER] = answer_guest};

// The connection was woken: there is an answer, its caller has hung up, or the agent stops.
static enum MHD_Result go_on(struct http_server *server, struct connection *connection)
{
    struct result result = {0};
    if (!wait_take(connection, &result))
        return atomic_load(&server->stopping) ? stops(server, connection) : MHD_NO;
    const bool token = connection->request.kind == REQUEST_TOKEN;
    const enum MHD_Result done = token ? token_end(server, connection, &result) : job_end(server, connection, &result);
    result_free(&result);
    return done;
}

static bool has_body(struct MHD_Connection *http)
{
    const char *length = microhttpd.lookup_connection_value(http, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length != NULL && strcmp(length, "0") != 0) ||
           microhttpd.lookup_connection_value(http, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

static enum MHD_Result refuse_body(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_set(&err, SSA_USAGE, NULL, NULL, "a request has no body here");
    return end_failed(server, connection, &err, 0, NULL);
}

enum MHD_Result routes_handle(void *context, struct MHD_Connection *http, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request)
{
    struct http_server *server = context;
    struct connection *connection = *request;
    enum stage stage;
    (void)url;
    (void)version;
    if (connection == NULL)
        return MHD_NO;
    stage = connection->stage;
    if (*upload_size != 0)
        return stage == STAGE_READING ? guest_body(connection, upload, upload_size) : MHD_NO;
    switch (stage) {
    case STAGE_IDLE:
        if (connection->caller.kind != LISTENER_UNIX)
            return guest_head(server, connection, method);
        // The headers are there. What is answered now ends the connection, so it is only done where a body would come.
        connection_note(connection, STAGE_WORKING);
        return has_body(http) ? refuse_body(server, connection) : MHD_YES;
    case STAGE_READING:
    case STAGE_WORKING:
        return answers[connection->caller.kind](server, connection, method);
    case STAGE_WAITING:
        return go_on(server, connection);
    default:
        return MHD_NO;
    }
}

static struct connection *connection_of(struct MHD_Connection *http)
{
    const union MHD_ConnectionInfo *info = microhttpd.get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

// libmicrohttpd would take the query apart once more, and what has thousands of parameters leaves its version 0.9.75
// with neither a request nor an answer. The text is its own, and nobody else reads this part of it.
static void hide_query(const char *target)
{
    char *query = strchr((char *)(uintptr_t)target, '?');
    if (query != NULL)
        query[1] = '\0';
}

// The first line of a request was read.
void *routes_begin(void *context, const char *target, struct MHD_Connection *http)
{
    struct connection *connection = connection_of(http);
    (void)context;
    if (connection == NULL)
        return NULL;
    request_take(&connection->request, target == NULL ? "" : target);
    if (target != NULL)
        hide_query(target);
    connection->began_ns = monotonic_ns();
    return connection;
}

void routes_done(void *context, struct MHD_Connection *http, void **request, enum MHD_RequestTerminationCode how)
{
    struct connection *connection = *request;
    (void)context;
    (void)http;
    (void)how;
    if (connection == NULL)
        return;
    atomic_store(&connection->served, true);
    connection_note(connection, STAGE_IDLE);
}

// Called before the handshake. Where TLS cannot be prepared, there is no handshake.
static void begin_tls(struct http_server *server, struct connection *connection)
{
    const union MHD_ConnectionInfo *info =
        microhttpd.get_connection_info(connection->http, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL && info->tls_session != NULL)
        connection->tls = tls_begin(server->tls, info->tls_session);
    if (connection->tls == NULL)
        (void)shutdown(connection->fd, SHUT_RDWR);
}

void routes_connection(void *context, struct MHD_Connection *http, void **socket_context,
                       enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = context;
    struct connection *connection = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (connection != NULL)
            connections_leave(&server->connections, connection);
        return;
    }
    const union MHD_ConnectionInfo *info = microhttpd.get_connection_info(http, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection = info == NULL ? NULL : connections_at(&server->connections, info->connect_fd);
    *socket_context = connection;
    if (connection == NULL)
        return;
    connection->http = http;
    if (connection->caller.kind == LISTENER_BROKER)
        begin_tls(server, connection);
}
