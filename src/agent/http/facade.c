#include "agent/http/facade.h"

#include <strings.h>

#include "agent/callers/credentials.h"
#include "agent/http/guest.h"
#include "agent/http/guest_request.h"
#include "agent/http/refusal.h"
#include "core/text.h"

// Who guesses gets a number of answers within a minute, and each one ends its connection. A right secret is let in even
// then: nobody can lock a caller out by wrong ones. It has 256 random bits, so that guessing leads nowhere in any case.
static enum MHD_Result refuse_secret(struct http_server *server, struct connection *connection, bool known)
{
    struct guest *guest = connection->guest;
    struct refusal refusal = {.failed = FAILURE_UNAUTHORIZED,
                              .description = "the client id or the client secret is wrong",
                              .what = "refused"};
    long long wait_ms = 0;
    if (!guests_allow(server->guests, known ? guest->entry.name : NULL, GUEST_WRONG, monotonic_ms(), &wait_ms)) {
        refusal.failed = FAILURE_RATE_LIMITED;
        refusal.description = "too many wrong client secrets were sent";
        refusal.retry_after = (unsigned)(wait_ms / 1000 + 1);
    }
    connection->caller.name = known ? guest->entry.name : NULL;
    return end_refused(server, connection, &refusal);
}

static bool is_form(const struct connection *connection)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type =
        microhttpd.lookup_connection_value(connection->http, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    const size_t len = sizeof form - 1;
    return type != NULL && strncasecmp(type, form, len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static enum MHD_Result ask(struct http_server *server, struct connection *connection)
{
    static const struct refusal stops = {
        .failed = FAILURE_UNAVAILABLE, .description = "the agent stops", .retry_after = 1, .what = "token"};
    struct demand demand = {.scope = connection->guest->scope};
    (void)guest_narrow(server, connection, &demand);
    if (!server_enter(server))
        return end_refused(server, connection, &stops);
    connection->request.kind = REQUEST_TOKEN;
    const enum MHD_Result result = token_ask(server, connection, &demand);
    server_leave(server);
    return result;
}

// The caller is known.
static enum MHD_Result answer_known(struct http_server *server, struct connection *connection,
                                    const struct credentials *credentials)
{
    static const struct refusal
        no_grant = {.failed = FAILURE_BAD_REQUEST, .description = "grant_type is missing", .what = "refused"},
        other_grant = {.failed = FAILURE_BAD_REQUEST,
                       .error = "unsupported_grant_type",
                       .description = "grant_type must be client_credentials: the agent makes the assertion itself",
                       .what = "refused"},
        no_scope = {.failed = FAILURE_FORBIDDEN,
                    .error = "invalid_scope",
                    .description = "this caller may not have an access token for these scopes",
                    .what = "refused"};
    struct guest *guest = connection->guest;
    if (credentials->grant_type[0] == '\0')
        return end_refused(server, connection, &no_grant);
    if (strcmp(credentials->grant_type, "client_credentials") != 0)
        return end_refused(server, connection, &other_grant);
    (void)text_format(guest->scope, sizeof guest->scope, "%s", credentials->scope);
    if (!scope_within(guest->scope, guest->entry.scope))
        return end_refused(server, connection, &no_scope);
    return ask(server, connection);
}

static enum MHD_Result answer_form(struct http_server *server, struct connection *connection)
{
    struct guest *guest = connection->guest;
    const char *authorization = guest->authorization.data != NULL ? secret_text(&guest->authorization) : NULL;
    CREDENTIALS_AUTO credentials = {0};
    struct ssa_error err;
    bool known = false;
    long long wait_ms;
    const bool read = credentials_read(secret_span(&guest->form), authorization, &credentials, &err);
    if (!read)
        return end_failed(server, connection, &err, 0, "refused");
    // At a broker, the certificate has told who asks, and what is sent here besides does not matter.
    if (connection->caller.kind == LISTENER_BROKER)
        return answer_known(server, connection, &credentials);
    if (!guests_by_secret(server->guests, span_text(credentials.client_id), secret_span(&credentials.client_secret),
                          &guest->entry, &known))
        return refuse_secret(server, connection, known);
    guest_take(connection);
    if (!guest_may_ask(server, connection, &wait_ms))
        return guest_too_often(server, connection, wait_ms);
    return answer_known(server, connection, &credentials);
}

enum MHD_Result facade_answer(struct http_server *server, struct connection *connection, const char *method)
{
    static const struct refusal wrong_method = {.failed = FAILURE_METHOD_NOT_ALLOWED,
                                                .description = "the method must be POST here"},
                                no_form = {.failed = FAILURE_BAD_REQUEST,
                                           .description = "the body must be application/x-www-form-urlencoded",
                                           .what = "refused"};
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return end_refused(server, connection, &wrong_method);
    if (!is_form(connection))
        return end_refused(server, connection, &no_form);
    return answer_form(server, connection);
}
