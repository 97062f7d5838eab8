// Who asks at the facade or the broker, and what it may have.
#pragma once

#include "agent/callers/callers.h"
#include "core/secret.h"

struct http_server;
struct connection;
struct demand;

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

// From now on the connection has the rights of its guest's entry.
void guest_take(struct connection *connection);

// Counts a request of the caller; false where it has sent too many.
bool guest_may_ask(struct http_server *server, const struct connection *connection, long long *wait_ms);

// Makes a demand one of this caller: its profile, and its scopes where none are asked for. False where it asks for
// another profile.
bool guest_narrow(const struct http_server *server, const struct connection *connection, struct demand *demand);
