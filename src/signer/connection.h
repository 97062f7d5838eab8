// The connection to the API, which is made while the PKCS#11 token logs in and signs
// (docs/decisions/003-connecting-while-signing.md).
#pragma once

#include "oauth/oauth.h"

struct connection {
    struct oauth_client *client;
    size_t assertion_len;            // an estimate before there is a signature
    const char *scope;               // borrowed, like the client
    struct oauth_exchange *exchange; // NULL before it is begun
};

// Begins to connect, unless that was done. Where that fails, connection_finish tries again and reports the error.
void connection_begin(struct connection *c);

// Sends the assertion and appends the answer.
bool connection_finish(struct connection *c, const struct secret *assertion, unsigned lifetime, struct secret *answer,
                       struct ssa_error *err) MUST_CHECK;

// Gives up a connection that was begun and not finished.
void connection_end(struct connection *c);
