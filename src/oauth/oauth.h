// The provider's HTTP service: one client, and the exchange of an assertion for an access token (RFC 7523).
// Knows nothing of PKCS#11 tokens, profiles or terminals.
#pragma once

#include <time.h>

#include "core/api.h"
#include "core/error.h"
#include "core/secret.h"

#define APS_TIMEOUT_DEFAULT 90U // seconds, all waiting included

// All borrowed until aps_free. The callbacks run on the thread that makes the call.
struct aps_config {
    const char *base_url; // scheme, host, port and a prefix; NULL is APS_BASE_URL
    const char *client_id;
    struct span client_secret; // no data where aps_know_secret will tell it
    const char *cacert;        // a bundle; NULL for none
    const char *capath;        // a hashed directory; NULL for none
    bool insecure_http;        // allows plain http, but only to a loopback address
    unsigned timeout;          // seconds for all calls, with waiting and retries; 0 is APS_TIMEOUT_DEFAULT
    const struct ssa_callbacks *callbacks; // are told about waiting and retries, and asked whether to stop
};

struct aps;

// Checks URL, CA files and client secret (SSA_CONFIG) and makes the client. Sends nothing.
bool aps_new(const struct aps_config *config, struct aps **client, struct ssa_error *err) MUST_CHECK;
void aps_free(struct aps *client);

// Tells a client secret that the settings did not have, before the first call. An exchange may have begun,
// since connecting needs no secret. The secret is copied. Fails with SSA_CONFIG if it is empty or contains a
// NUL.
bool aps_know_secret(struct aps *client, struct span secret, struct ssa_error *err) MUST_CHECK;

// Prepares for undoing a failed step: gives the whole config->timeout once more, and stops listening to
// interruptions.
void aps_undoing(struct aps *client);

// The server's clock by the last answer's Date plus the time since; 0 before any answer.
time_t aps_server_time(const struct aps *client);

// Whether something was done at the server: a request that failed may still have been carried out. Once a
// call that creates something was sent, its answer is waited for (30 s) even after an interruption, because
// it tells what there is to undo. The call then returns as if there had been no interruption; the caller
// looks for that.
enum aps_outcome { APS_NOT_DONE, APS_MAYBE_DONE, APS_DONE };

// The exchange, in two steps: connection and TLS handshake are made while a PKCS#11 token signs.
struct aps_exchange;

// Starts connecting, on a thread of its own. assertion_len is the length that the assertion will have,
// because the request's size is sent before its body. scope is separated by spaces. Everything given is
// borrowed until aps_exchange_finish.
bool aps_exchange_begin(struct aps *client, size_t assertion_len, const char *scope,
                        struct aps_exchange **exchange, struct ssa_error *err) MUST_CHECK;

// Sends the assertion and appends the whole answer to answer if it is a grant (JSON with access_token); else
// it fails. An assertion of another length than announced costs a new connection. assertion NULL gives up: it
// returns false and leaves err alone. lifetime is the assertion's, in seconds from now; no wait goes beyond
// it. Frees the exchange in any case. The time between the two steps is not counted.
bool aps_exchange_finish(struct aps_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                         struct secret *answer, struct ssa_error *err);

// Finds access_token in a grant and appends it to token.
bool aps_grant_token(struct span answer, struct secret *token, struct ssa_error *err) MUST_CHECK;
