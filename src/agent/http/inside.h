// The server's own parts.
#pragma once

#include <stdatomic.h>

#include "agent/http/audit.h"
#include "agent/http/guests.h"
#include "agent/http/peers.h"
#include "agent/http/prepared.h"
#include "agent/http/reply.h"
#include "agent/http/wait.h"

enum {
    // Calls that wait for a signer have a thread each. Those that lock never wait for those that sign.
    SIGNING_MAX = 8,
    LOCKING_MAX = 8,
    // So often another user may demand a new access token while there is one that is good.
    PRESSING_MAX = 2,
    PRESSING_MS = 60000,
    // The audit tells so many failures of another user, and counts the rest: no user may fill the disk.
    FAILING_MAX = 10,
    FAILING_MS = 1000
};

struct http_server {
    struct server_config config;
    struct listener listeners[SERVER_LISTENERS_MAX];
    struct peers peers;
    struct connections connections;
    struct waits *waits;
    struct prepared prepared;
    struct MHD_Daemon *http;
    const char *first_profile; // which is meant where a request names none
    pthread_t acceptor;
    bool accepts;    // its thread runs
    int epoll, wake; // of the acceptor
    _Atomic(bool) closing;
    _Atomic(bool) stopping;
    _Atomic(long) inside;                        // whether libmicrohttpd's thread is in the service
    _Atomic(unsigned) signing, locking;          // threads of jobs
    _Atomic(unsigned long long) ended[FAILURES]; // requests, by their outcome
    struct pace pressing, failing;               // what other users demand; what the audit tells of their failures
    struct MHD_Daemon *https;                    // of the broker; NULL: there is none
    struct guests *guests;                       // NULL: neither facade nor broker
    struct tls *tls;                             // of the broker
};

// Around each call of the service.
static inline void server_leave(struct http_server *server)
{
    (void)atomic_fetch_sub(&server->inside, 1);
}

// False where it must not be asked any more.
static inline MUST_CHECK bool server_enter(struct http_server *server)
{
    (void)atomic_fetch_add(&server->inside, 1);
    if (!atomic_load(&server->stopping))
        return true;
    server_leave(server);
    return false;
}

// Requests, one file each. They run on a thread of libmicrohttpd.
enum MHD_Result token_begin(struct http_server *server, struct connection *connection);
// The same for any demand.
enum MHD_Result token_ask(struct http_server *server, struct connection *connection, const struct demand *demand);
enum MHD_Result token_end(struct http_server *server, struct connection *connection, struct result *result);
enum MHD_Result job_begin(struct http_server *server, struct connection *connection);
enum MHD_Result job_end(struct http_server *server, struct connection *connection, struct result *result);
enum MHD_Result status_answer(struct http_server *server, struct connection *connection);
enum MHD_Result health_answer(struct http_server *server, struct connection *connection);
enum MHD_Result metrics_answer(struct http_server *server, struct connection *connection);

// What libmicrohttpd calls, with the server as context (routes.c).
enum MHD_Result routes_handle(void *context, struct MHD_Connection *http, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request);
void *routes_begin(void *context, const char *target, struct MHD_Connection *http);
void routes_done(void *context, struct MHD_Connection *http, void **request, enum MHD_RequestTerminationCode how);
void routes_connection(void *context, struct MHD_Connection *http, void **socket_context,
                       enum MHD_ConnectionNotificationCode what);

bool acceptor_start(struct http_server *server, struct ssa_error *err) MUST_CHECK;
// Closes the listening sockets, too.
void acceptor_stop(struct http_server *server);
