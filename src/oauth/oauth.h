// The provider's HTTP service: one client, and the exchange of an assertion for an access token (RFC 7523).
#pragma once

#include <pthread.h>
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
    bool once;                 // a call that failed is not tried again, because the caller does that by its own times
    const struct ssa_callbacks *callbacks; // are told about waiting and retries, and asked whether to stop
};

// Called once before the first client, by a process whose allocator does not wipe what is freed.
void oauth_wipe_memory(void);

// Loads what every client needs, on a thread of its own, while something else is waited for. Nothing is sent.
struct oauth_loading {
    pthread_t thread;
    bool started;
};
void oauth_load_begin(struct oauth_loading *loading);
void oauth_load_end(struct oauth_loading *loading);

struct oauth_client;

// Checks URL, CA files and client secret (SSA_CONFIG) and makes the client. Sends nothing.
bool oauth_client_new(const struct oauth_config *config, struct oauth_client **client,
                      struct ssa_error *err) MUST_CHECK;
void oauth_client_free(struct oauth_client *client);

// Gives the client a client secret that the settings did not have, before the first call. An exchange may have begun,
// because connecting needs no secret. The secret is copied. Fails with SSA_CONFIG if it is empty or contains a NUL.
bool oauth_client_know_secret(struct oauth_client *client, struct span secret, struct ssa_error *err) MUST_CHECK;

// Takes time that something else has used off the client's, of which a third stays: a person may have typed a PIN.
void oauth_client_spent(struct oauth_client *client, long long ms);

// Prepares for the undoing of a failed step: gives what is left of config->timeout, but a third of it at least, and
// ignores interruptions from now on.
void oauth_client_undoing(struct oauth_client *client);

// The server's time: the last answer's Date and the time since then. 0 before any answer.
time_t oauth_server_time(const struct oauth_client *client);

// Whether something was done at the server. A request that failed may still have been carried out. After a call that
// creates something was sent, its answer is waited for (30 s) even after an interruption, because the answer tells what
// must be undone. The call then returns as if there had been no interruption, and the caller must look for one.
enum oauth_outcome { OAUTH_NOT_DONE, OAUTH_MAYBE_DONE, OAUTH_DONE };

// How many requests were sent, second tries among them.
unsigned oauth_requests(const struct oauth_client *client);

// What the last answer said about the rate limit.
struct oauth_limits {
    bool limited;          // the request was refused because of it
    long value;            // requests a minute; 0 where it does not say
    long remaining;        // of them; -1 where it does not say
    long long retry_after; // seconds; -1 where it does not say
};
struct oauth_limits oauth_limits(const struct oauth_client *client);

// The exchange, in two steps: connection and TLS handshake are made while a PKCS#11 token signs.
struct oauth_exchange;

// Starts connecting, on a new thread. assertion_len is the length that the assertion will have, because the request's
// size is sent before its body. Scopes are separated by spaces. All arguments are borrowed until oauth_exchange_finish.
bool oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                          struct oauth_exchange **exchange, struct ssa_error *err) MUST_CHECK;

// Waits for a moment until the exchange waits for the network: whoever has one processor then uses it for something
// else, while the server does its part of the handshake.
void oauth_exchange_go_first(struct oauth_exchange *exchange);

// Sends the assertion and appends the whole answer to answer. Fails if that is not a grant (JSON with access_token). An
// assertion of another length than announced needs a new connection. With assertion NULL it gives up: it returns false
// and leaves err alone. The assertion is valid for lifetime seconds from now, and no wait goes beyond that. Frees the
// exchange in any case. The time between the two steps does not count.
bool oauth_exchange_finish(struct oauth_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                           struct secret *answer, struct ssa_error *err);

// Checks a grant (RFC 6749 section 5.1), and appends its access token to token (NULL for nothing). On failure err->what
// names the answer's fault, and token is empty.
bool grant_check(struct span body, struct secret *token, struct ssa_error *err) MUST_CHECK;

// Finds access_token in a grant and appends it to token.
bool grant_access_token(struct span answer, struct secret *token, struct ssa_error *err) MUST_CHECK;
