// A request of a caller of the facade or the broker.
#pragma once

#include "agent/callers/callers.h"
#include "agent/http/microhttpd.h"

struct http_server;
struct connection;
struct demand;

#define FACADE_PATH "/authentication/v2/token"

struct guest {
    struct caller_entry entry;    // who asks; an empty name: it is not known
    bool as_provider;             // the answer is one as the API's token endpoint gives it
    struct secret form;           // the body
    struct secret authorization;  // the header of that name; no memory: there is none
    char scope[CALLER_SCOPE_MAX]; // what is asked for, in the form
};
void guest_free(struct guest *guest);

// Whether the connection's request is answered as the API's token endpoint does.
bool guest_is_as_provider(const struct connection *connection);

// What libmicrohttpd tells of a request, in this order: its head was read, a part of its body, all of it.
enum MHD_Result guest_head(struct http_server *server, struct connection *connection, const char *method);
enum MHD_Result guest_body(struct connection *connection, const char *data, size_t *len);
enum MHD_Result guest_answer(struct http_server *server, struct connection *connection, const char *method);

// From now on the connection has the rights of its guest's entry.
void guest_take(struct connection *connection);

// Counts a request of the caller; false where it has sent too many. And the answer to that.
bool guest_may_ask(struct http_server *server, const struct connection *connection, long long *wait_ms);
enum MHD_Result guest_too_often(struct http_server *server, struct connection *connection, long long wait_ms);

// Makes a demand one of this caller: its profile, and its scopes where none are asked for. False where it asks for
// another profile.
bool guest_narrow(const struct http_server *server, const struct connection *connection, struct demand *demand);
