#include "agent/http/server.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/http/guest.h"
#include "agent/http/inside.h"
#include "agent/http/tls.h"
#include "core/monotonic.h"

enum {
    CONNECTION_MEMORY = 16 * 1024, // of each connection: a request with its headers, and the headers of the answer
    WORKER_STACK = 512 * 1024,
    STOP_MS = 2000, // for so long the last answers may take
    STOP_STEP_MS = 5
};

static bool has_listener(const struct server_config *config, enum listener_kind kind)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].kind == kind)
            return true;
    return false;
}

static bool check(const struct server_config *config, struct ssa_error *err)
{
    if (config->listener_count > SERVER_LISTENERS_MAX || SHARE_ALLOWED + config->allowed_count > SHARES_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "there are too many listening sockets, or too many users");
    if (has_listener(config, LISTENER_BROKER) &&
        (config->tls_cert == NULL || config->tls_key == NULL || config->client_ca == NULL))
        return error_set(err, SSA_USAGE, NULL, NULL,
                         "a broker needs a certificate, its key, and who issues the certificates of callers");
    return true;
}

bool server_has_room(size_t allowed_count, struct ssa_error *err)
{
    return connections_have_room(SHARE_ALLOWED + allowed_count, err);
}

static void drop_kept(struct connection *connection)
{
    wait_free(connection->wait);
    guest_free(connection->guest);
    tls_drop(connection->tls);
}

static bool open_connections(struct http_server *server, struct ssa_error *err)
{
    size_t shares[SHARES_MAX] = {
        [SHARE_OWN] = SHARE_OWN_MAX, [SHARE_ROOT] = SHARE_USER_MAX, [SHARE_STRANGERS] = SHARE_STRANGERS_MAX};
    shares[SHARE_FACADE] = has_listener(&server->config, LISTENER_FACADE) ? SHARE_FACADE_MAX : 0;
    shares[SHARE_BROKER] = has_listener(&server->config, LISTENER_BROKER) ? SHARE_BROKER_MAX : 0;
    for (size_t i = 0; i < server->config.allowed_count; i++)
        shares[SHARE_ALLOWED + i] = SHARE_USER_MAX;
    if (!connections_open(&server->connections, shares, SHARE_ALLOWED + server->config.allowed_count, err))
        return false;
    server->connections.host_max[SHARE_BROKER] = SHARE_ADDRESS_MAX;
    server->connections.drop = drop_kept;
    return true;
}

// One thread serves all: two of them answer fewer requests on two processors, beside those who ask. It leaves signals
// to the program's own threads.
static bool start_daemon(struct http_server *server, unsigned more_flags, const struct MHD_OptionItem *more,
                         struct MHD_Daemon **http, struct ssa_error *err)
{
    const unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | more_flags;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    *http = microhttpd.start_daemon(flags, 0, NULL, NULL, routes_handle, server, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)server->connections.numbers, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE, (size_t)WORKER_STACK,
                                    MHD_OPTION_URI_LOG_CALLBACK, routes_begin, server, MHD_OPTION_NOTIFY_COMPLETED,
                                    routes_done, server, MHD_OPTION_NOTIFY_CONNECTION, routes_connection, server,
                                    MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return *http != NULL || error_set(err, SSA_UNEXPECTED, NULL, NULL, "libmicrohttpd does not start");
}

static bool start_http(struct http_server *server, struct ssa_error *err)
{
    static const struct MHD_OptionItem nothing[] = {{MHD_OPTION_END, 0, NULL}};
    return start_daemon(server, 0, nothing, &server->http, err);
}

// A thread of its own: what TLS costs is not for those who ask without it. Each connection gets the certificates anew
// (tls_begin), but libmicrohttpd does not start without some.
static bool start_https(struct http_server *server, struct ssa_error *err)
{
    const struct server_config *config = &server->config;
    const struct tls_config files = {.cert = config->tls_cert,
                                     .key = config->tls_key,
                                     .client_ca = config->client_ca,
                                     .tell = config->tell,
                                     .context = config->context};
    if (!has_listener(config, LISTENER_BROKER))
        return true;
    if (!tls_open(&files, &server->tls, err))
        return false;
    const struct MHD_OptionItem more[] = {{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
                                          {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)tls_cert_text(server->tls)},
                                          {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)tls_key_text(server->tls)},
                                          {MHD_OPTION_END, 0, NULL}};
    const bool started = start_daemon(server, MHD_USE_TLS, more, &server->https, err);
    tls_forget(server->tls);
    return started;
}

static bool open_guests(struct http_server *server, struct ssa_error *err)
{
    const struct server_config *config = &server->config;
    if (!has_listener(config, LISTENER_FACADE) && !has_listener(config, LISTENER_BROKER))
        return true;
    server->guests = guests_open(config->callers, config->tell, config->context, err);
    return server->guests != NULL;
}

static void know_first_profile(struct http_server *server)
{
    struct profile_status profile;
    service_profile_status(server->config.service, 0, &profile);
    server->first_profile = profile.name;
}

static bool start(struct http_server *server, struct ssa_error *err)
{
    if (!check(&server->config, err) || !microhttpd_load(err))
        return false;
    server->waits = waits_open(server->config.service, err);
    prepared_open(&server->prepared);
    pace_open(&server->pressing, PRESSING_MAX, PRESSING_MS);
    pace_open(&server->failing, FAILING_MAX, FAILING_MS);
    peers_init(&server->peers, &server->config);
    know_first_profile(server);
    return server->waits != NULL && open_guests(server, err) && open_connections(server, err) &&
           start_http(server, err) && start_https(server, err) && acceptor_start(server, err);
}

bool server_start(const struct server_config *config, struct http_server **server, struct ssa_error *err)
{
    *server = calloc(1, sizeof **server);
    if (*server == NULL)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for a server");
    (*server)->config = *config;
    (*server)->epoll = (*server)->wake = -1;
    for (size_t i = 0; i < config->listener_count && i < SERVER_LISTENERS_MAX; i++)
        (*server)->listeners[i] = config->listeners[i];
    (*server)->config.listeners = (*server)->listeners;
    if (start(*server, err))
        return true;
    (*server)->config.listener_count = 0;
    server_stop(*server);
    *server = NULL;
    return false;
}

// Signers may take their time; who is in the service must come out of it before the server is gone.
static void wait_for_jobs(struct http_server *server)
{
    while (atomic_load(&server->signing) + atomic_load(&server->locking) > 0)
        pause_ms(STOP_STEP_MS);
}

void server_quiet(struct http_server *server)
{
    acceptor_stop(server);
    atomic_store(&server->stopping, true);
    if (server->http == NULL)
        return;
    // The threads of libmicrohttpd do not wait in the service.
    while (atomic_load(&server->inside) > 0)
        pause_ms(STOP_STEP_MS);
    waits_wake(server->waits, &server->connections);
    const long long until = monotonic_ms() + STOP_MS;
    while (connections_busy(&server->connections) > 0 && monotonic_ms() < until)
        pause_ms(STOP_STEP_MS);
}

void server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    server_quiet(server);
    wait_for_jobs(server);
    if (server->http != NULL)
        microhttpd.stop_daemon(server->http);
    if (server->https != NULL)
        microhttpd.stop_daemon(server->https);
    if (server->connections.by_fd != NULL)
        connections_close(&server->connections);
    prepared_close(&server->prepared);
    waits_close(server->waits);
    if (server->epoll >= 0)
        (void)close(server->epoll);
    if (server->wake >= 0)
        (void)close(server->wake);
    guests_close(server->guests);
    tls_close(server->tls);
    pace_close(&server->pressing);
    pace_close(&server->failing);
    free(server);
}
