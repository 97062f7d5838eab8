#include "agent/http/guest_request.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "agent/callers/credentials.h"
#include "agent/http/guest.h"
#include "agent/http/host.h"
#include "agent/http/refusal.h"
#include "agent/http/tls.h"
#include "core/text.h"

enum {
    NUMBER_BASE = 10,
    AUTHORIZATION_MAX = 4095 // a page of locked memory with the NUL: a longer one is refused in any case
};

static const char *header(const struct connection *connection, const char *name)
{
    return microhttpd.lookup_connection_value(connection->http, MHD_HEADER_KIND, name);
}

static bool is_facade_path(const struct connection *connection)
{
    const struct request *request = &connection->request;
    const size_t len = sizeof FACADE_PATH - 1;
    return !request->too_long && request->len >= len && memcmp(request->target, FACADE_PATH, len) == 0 &&
           (request->len == len || request->target[len] == '?');
}

static bool make_ready(struct connection *connection)
{
    if (connection->guest == NULL)
        connection->guest = calloc(1, sizeof *connection->guest);
    struct guest *guest = connection->guest;
    if (guest == NULL)
        return false;
    guest->entry = (struct caller_entry){0};
    guest->scope[0] = '\0';
    guest->as_provider = connection->caller.kind == LISTENER_FACADE || is_facade_path(connection);
    secret_clear(&guest->form);
    secret_free(&guest->authorization);
    connection->caller.name = connection->caller.san = NULL;
    connection->caller.rights = RIGHTS_NONE;
    connection->caller.scope = "";
    return true;
}

// libmicrohttpd keeps a request until it is answered, in memory that may be written to swap. The text is its own, and
// nobody else reads this part of it.
static void take_away(const char *text, size_t len)
{
    secret_wipe((void *)(uintptr_t)text, len);
}

struct taking {
    struct guest *guest;
    bool failed;
};

// Of several such headers, the first one counts. One that is too long stays too long when it is cut.
static enum MHD_Result take_authorization(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct taking *taking = context;
    struct secret *to = &taking->guest->authorization;
    (void)kind;
    if (value == NULL || strcasecmp(name, MHD_HTTP_HEADER_AUTHORIZATION) != 0)
        return MHD_YES;
    const size_t len = strlen(value);
    const struct span text = span_of(value, len < AUTHORIZATION_MAX ? len : AUTHORIZATION_MAX);
    if (to->data == NULL)
        taking->failed = !secret_new(to, AUTHORIZATION_MAX, ERROR_IGNORED) || !secret_append(to, text);
    take_away(value, len);
    // The rest of the request may take its time.
    secret_wipe_stack();
    return MHD_YES;
}

static bool takes_body(const struct connection *connection, const char *method)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    char *end = NULL;
    errno = 0;
    const unsigned long long number = length != NULL ? strtoull(length, &end, NUMBER_BASE) : 0;
    return is_facade_path(connection) && strcmp(method, MHD_HTTP_METHOD_POST) == 0 && errno == 0 && number <= FORM_MAX;
}

static OWN_FRAME enum MHD_Result refuse_body(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_set(&err, SSA_USAGE, NULL, NULL, "a request has no body here, or at most %d bytes", FORM_MAX);
    return end_failed(server, connection, &err, 0, NULL);
}

static enum MHD_Result refuse_path(struct http_server *server, struct connection *connection)
{
    static const struct refusal nothing = {.failed = FAILURE_NOT_FOUND,
                                           .description = "there is only " FACADE_PATH " here"};
    return end_refused(server, connection, &nothing);
}

// What is answered before a body ends the connection.
enum MHD_Result guest_head(struct http_server *server, struct connection *connection, const char *method)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const bool chunked = header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
    if (!make_ready(connection))
        return MHD_NO;
    struct taking taking = {.guest = connection->guest};
    (void)microhttpd.get_connection_values(connection->http, MHD_HEADER_KIND, take_authorization, &taking);
    if (taking.failed)
        return MHD_NO;
    if ((length != NULL && strcmp(length, "0") != 0) || chunked) {
        if (connection->caller.kind == LISTENER_FACADE && !is_facade_path(connection))
            return refuse_path(server, connection);
        if (!takes_body(connection, method))
            return refuse_body(server, connection);
        if (connection->guest->form.data == NULL && !secret_new(&connection->guest->form, FORM_MAX, ERROR_IGNORED))
            return MHD_NO;
    }
    connection_note(connection, STAGE_READING);
    return MHD_YES;
}

// A body that says no length can turn out to be too long only here, where nothing can be answered any more.
enum MHD_Result guest_body(struct connection *connection, const char *data, size_t *len)
{
    struct guest *guest = connection->guest;
    if (guest == NULL || guest->form.data == NULL || !secret_append(&guest->form, span_of(data, *len)))
        return MHD_NO;
    take_away(data, *len);
    secret_wipe_stack();
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    unsigned *count = context;
    (void)kind;
    (void)value;
    *count += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    return MHD_YES;
}

static bool has_loopback_host(const struct connection *connection)
{
    unsigned count = 0;
    const char *host = header(connection, MHD_HTTP_HEADER_HOST);
    (void)microhttpd.get_connection_values(connection->http, MHD_HEADER_KIND, count_host, &count);
    return count == 1 && host != NULL && host_is_loopback(host, connection->caller.port);
}

// Header fields that a proxy or a browser adds, and a program does not.
static const char *foreign_header(const struct connection *connection)
{
    static const char *const names[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                                        "X-Real-IP", "Origin",          "Sec-Fetch-Site"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (header(connection, names[i]) != NULL)
            return names[i];
    return NULL;
}

static OWN_FRAME enum MHD_Result refuse(struct http_server *server, struct connection *connection, const char *what)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_REFUSED, SSA_REASON_AGENT_REFUSES, NULL, "%s", what);
    return end_failed(server, connection, &err, 0, "refused");
}

static OWN_FRAME enum MHD_Result refuse_header(struct http_server *server, struct connection *connection,
                                               const char *name)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_REFUSED, SSA_REASON_AGENT_REFUSES, NULL,
                        "the request comes from a browser or a proxy (%s), which the agent does not serve", name);
    return end_failed(server, connection, &err, 0, "refused");
}

OWN_FRAME enum MHD_Result guest_too_often(struct http_server *server, struct connection *connection, long long wait_ms)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_RATE_LIMIT, SSA_REASON_AGENT_BUDGET, NULL,
                        "this caller has sent more than %d requests within a minute", GUEST_REQUESTS_MAX);
    return end_failed(server, connection, &err, (unsigned)(wait_ms / 1000 + 1), "token");
}

struct looking {
    struct http_server *server;
    struct guest *guest;
};

static bool is_known(void *context, struct span name)
{
    const struct looking *looking = context;
    struct guest *guest = looking->guest;
    // For the audit, where nobody has it.
    if (guest->entry.san[0] == '\0')
        text_harmless(guest->entry.san, sizeof guest->entry.san, name);
    return guests_by_san(looking->server->guests, name, &guest->entry);
}

// Who asks is told by its certificate.
static bool know_by_certificate(struct http_server *server, struct connection *connection)
{
    const union MHD_ConnectionInfo *info =
        microhttpd.get_connection_info(connection->http, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    struct looking looking = {.server = server, .guest = connection->guest};
    if (info == NULL || info->tls_session == NULL || !tls_is_good(info->tls_session))
        return false;
    if (tls_names(info->tls_session, is_known, &looking)) {
        guest_take(connection);
        return true;
    }
    connection->caller.san = connection->guest->entry.san;
    return false;
}

static bool let_in_broker(struct http_server *server, struct connection *connection, enum MHD_Result *refused)
{
    long long wait_ms;
    if (!know_by_certificate(server, connection))
        *refused = refuse(server, connection, "no caller has the name that is in this certificate (subjectAltName)");
    else if (!guest_may_ask(server, connection, &wait_ms))
        *refused = guest_too_often(server, connection, wait_ms);
    else
        return true;
    return false;
}

bool guest_let_in(struct http_server *server, struct connection *connection, enum MHD_Result *refused)
{
    const char *foreign = foreign_header(connection);
    if (foreign != NULL)
        *refused = refuse_header(server, connection, foreign);
    else if (connection->caller.kind != LISTENER_FACADE)
        return let_in_broker(server, connection, refused);
    else if (!has_loopback_host(connection))
        *refused =
            refuse(server, connection, "the Host header does not name this host's loopback interface and the port");
    else if (!is_facade_path(connection))
        *refused = refuse_path(server, connection);
    else
        return true;
    return false;
}

void guest_answered(struct guest *guest)
{
    if (guest->form.data == NULL && guest->authorization.data == NULL)
        return;
    // The access token may be waited for, and so may the next request.
    secret_free(&guest->form);
    secret_free(&guest->authorization);
    secret_wipe_stack();
}
