// The provider's HTTP service: one client, and the exchange of an assertion for an access token (RFC 7523).
// Knows nothing of PKCS#11 tokens, profiles or terminals.
#pragma once

#include <time.h>

#include "core/api.h"
#include "core/error.h"
#include "core/secret.h"

#define OAUTH_TIMEOUT_DEFAULT 90U // seconds, all waiting included

// All borrowed until oauth_client_free. The callbacks run on the thread that makes the call.
struct oauth_config {
    const char *base_url; // scheme, host, port and a prefix; NULL is APS_BASE_URL
    const char *client_id;
    struct span client_secret; // no data where oauth_client_know_secret will tell it
    const char *cacert;        // a bundle; NULL for none
    const char *capath;        // a hashed directory; NULL for none
    bool insecure_http;        // allows plain http, but only to a loopback address
    unsigned timeout;          // seconds for all calls, with waiting and retries; 0 is OAUTH_TIMEOUT_DEFAULT
    const struct ssa_callbacks *callbacks; // are told about waiting and retries, and asked whether to stop
};

struct oauth_client;

// Checks URL, CA files and client secret (SSA_CONFIG) and makes the client. Sends nothing.
bool oauth_client_new(const struct oauth_config *config, struct oauth_client **client,
                      struct ssa_error *err) MUST_CHECK;
void oauth_client_free(struct oauth_client *client);

// Tells a client secret that the settings did not have, before the first call. An exchange may have begun,
// since connecting needs no secret. The secret is copied. Fails with SSA_CONFIG if it is empty or contains a
// NUL.
bool oauth_client_know_secret(struct oauth_client *client, struct span secret, struct ssa_error *err) MUST_CHECK;

// Prepares for undoing a failed step: gives the whole config->timeout once more, and stops listening to
// interruptions.
void oauth_client_undoing(struct oauth_client *client);

// The server's clock by the last answer's Date plus the time since; 0 before any answer.
time_t oauth_server_time(const struct oauth_client *client);

// Whether something was done at the server: a request that failed may still have been carried out. Once a
// call that creates something was sent, its answer is waited for (30 s) even after an interruption, because
// it tells what there is to undo. The call then returns as if there had been no interruption; the caller
// looks for that.
enum oauth_outcome { OAUTH_NOT_DONE, OAUTH_MAYBE_DONE, OAUTH_DONE };

// The exchange, in two steps: connection and TLS handshake are made while a PKCS#11 token signs.
struct oauth_exchange;

// Starts connecting, on a thread of its own. assertion_len is the length that the assertion will have,
// because the request's size is sent before its body. scope is separated by spaces. Everything given is
// borrowed until oauth_exchange_finish.
bool oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                          struct oauth_exchange **exchange, struct ssa_error *err) MUST_CHECK;

// Sends the assertion and appends the whole answer to answer if it is a grant (JSON with access_token); else
// it fails. An assertion of another length than announced costs a new connection. assertion NULL gives up: it
// returns false and leaves err alone. lifetime is the assertion's, in seconds from now; no wait goes beyond
// it. Frees the exchange in any case. The time between the two steps is not counted.
bool oauth_exchange_finish(struct oauth_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                           struct secret *answer, struct ssa_error *err);

// Finds access_token in a grant and appends it to token.
bool grant_access_token(struct span answer, struct secret *token, struct ssa_error *err) MUST_CHECK;
