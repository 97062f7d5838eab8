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

bool server_start(const struct server_config *config, struct http_server **server, struct ssa_error *err) MUST_CHECK;
// Ends all connections; requests that wait are answered first, so the service must have been stopped before or stop
// soon.
void server_stop(struct http_server *server);
