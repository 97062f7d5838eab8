// The agent's HTTP server: all its listening sockets, and what is answered to whom (docs/agent-http.md).
#pragma once

#include "agent/service/service.h"

struct http_server;

enum listener_kind {
    LISTENER_UNIX,   // callers are told by SO_PEERCRED
    LISTENER_FACADE, // loopback; callers are told by a local id and secret
    LISTENER_BROKER, // TLS; callers are told by the certificate of the client
    LISTENER_KINDS
};

// A socket that listens already. The server closes it.
struct listener {
    enum listener_kind kind;
    int fd;
};

// Another user who may ask, and for which scopes (normalised; empty: none).
struct allowed_user {
    unsigned user; // its number
    char scope[ACCESS_SCOPE_MAX];
};

enum { SERVER_LISTENERS_MAX = 8 };

// Borrowed while the server runs.
struct server_config {
    struct service *service;
    const struct listener *listeners;
    size_t listener_count;
    const struct allowed_user *allowed;
    size_t allowed_count;
    const char *callers;                        // path of the file with the callers of facade and broker; may be NULL
    const char *tls_cert, *tls_key, *client_ca; // files in PEM, for a broker
    struct audit *audit;                        // NULL: none
    void (*tell)(void *context, enum ssa_level level, const char *line);
    void *context;
};

// Whether so few files may be open at the same time that no server can be started, which fails with SSA_UNEXPECTED. To
// be asked before a PIN is.
bool server_has_room(size_t allowed_count, struct ssa_error *err) MUST_CHECK;

// On failure, the listening sockets stay the caller's.
bool server_start(const struct server_config *config, struct http_server **server, struct ssa_error *err) MUST_CHECK;

// The first half of a stop: nobody is accepted any more, all who wait are answered that the agent stops, and the
// service is asked nothing new. Calls of service_assertion, service_lock and service_unlock may still be inside it:
// service_stop ends them.
void server_quiet(struct http_server *server);
// Ends all connections, after server_quiet where that was not called before. Waits for calls that are inside the
// service. `later` may still be called afterwards for those who were answered that the agent stops.
void server_stop(struct http_server *server);
