// The connection to the API, which is made while the PKCS#11 token logs in and signs
// (docs/decisions/003-connecting-while-signing.md).
#pragma once

#include "hsm/token/pin_giver.h"
#include "oauth/oauth.h"

struct connection {
    struct oauth_client *client;
    size_t assertion_len;            // as far as it can be known before the signature
    const char *scope;               // borrowed, as the client is
    struct oauth_exchange *exchange; // NULL before it is begun
    struct pin_giver pin;            // see connection_after
};

// Begins to connect, unless that was done. Where that fails, connection_finish tries again and tells why.
void connection_begin(struct connection *c);

// Sends the assertion and appends the answer.
bool connection_finish(struct connection *c, const struct secret *assertion, unsigned lifetime, struct secret *answer,
                       struct ssa_error *err) MUST_CHECK;

// Gives up what was begun and not finished.
void connection_end(struct connection *c);

// A giver that gives the PIN as another does, and begins to connect once it has it. A server closes a
// connection that stays idle, so none is made while a person is waited for.
struct pin_giver connection_after(struct connection *c, struct pin_giver pin);
