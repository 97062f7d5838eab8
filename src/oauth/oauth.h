// The provider's HTTP service: one client, and the exchange of an assertion for an access token (RFC 7523).
// Knows nothing of PKCS#11 tokens, profiles or terminals.
#ifndef SSA_OAUTH_OAUTH_H
#define SSA_OAUTH_OAUTH_H

#include <time.h>

#include "core/api.h"
#include "core/error.h"
#include "core/secret.h"

#define APS_TIMEOUT_DEFAULT 90U // seconds, all waiting included

// All borrowed until aps_free. The callbacks are called on the thread that made the call, and no other.
struct aps_config {
    const char *base_url; // scheme, host, port and a prefix; NULL is APS_BASE_URL
    const char *client_id;
    struct span client_secret; // without data: aps_know_secret tells it
    const char *cacert;        // a bundle; NULL for none
    const char *capath;        // a hashed directory; NULL for none
    bool insecure_http;        // plain http, to a loopback address alone
    unsigned timeout; // seconds spent in calls, waiting and retries included; 0 is APS_TIMEOUT_DEFAULT
    const struct ssa_callbacks *callbacks; // hear of waiting and retrying, and are asked whether to stop
};

struct aps;

// Checks URL, CA files and client secret (SSA_CONFIG) and makes the client; asks the server nothing.
bool aps_new(const struct aps_config *config, struct aps **client, struct ssa_error *err) MUST_CHECK;
void aps_free(struct aps *client);

// Tells the client secret where the settings had none, before the first call; an exchange may have begun,
// and connects without it. It is copied. Fails with SSA_CONFIG for one that is empty or holds a NUL.
bool aps_know_secret(struct aps *client, struct span secret, struct ssa_error *err) MUST_CHECK;

// Gives config->timeout once more, whole, and makes an interruption that came before no reason to stop any
// more. What undoes a failed step gets its own time.
void aps_undoing(struct aps *client);

// Whether a failure says that what was named is not there.
bool aps_is_gone(const struct ssa_error *err);

// Whether the last call's failure came with a reason that leaves no question, such as a limit.
bool aps_reason_is_told(const struct aps *client);

// The server's clock by the last answer's Date plus the time since; 0 before any answer.
time_t aps_server_time(const struct aps *client);

// Whether something was done at the server: a request that failed may still have been carried out. A call
// that makes something and was sent is heard out (30 s) even when interrupted, for its answer tells what
// there is to undo; it then returns as if it had not been, and the caller looks at the interruption.
enum aps_outcome { APS_NOT_DONE, APS_MAYBE_DONE, APS_DONE };

// Fetches a two-legged token with these scopes (space-separated), which the calls below then use. On failure
// they go on with the one before, if there is one.
bool aps_admin(struct aps *client, const char *scopes, struct ssa_error *err) MUST_CHECK;

// The three-legged exchange, in two steps so that connection and TLS handshake are made while a token signs.
struct aps_exchange;

// Starts connecting, on a thread of its own. assertion_len is the length the assertion will have: the
// request's size is announced before its body. scope is space-separated. Everything given is borrowed until
// aps_exchange_finish.
bool aps_exchange_begin(struct aps *client, size_t assertion_len, const char *scope,
                        struct aps_exchange **exchange, struct ssa_error *err) MUST_CHECK;

// Sends the assertion (of whatever length: another than announced costs a new request, unsent so far) and
// appends the whole answer to answer once it is a grant (JSON with access_token), else fails. assertion NULL
// gives up quietly: it returns false and leaves err alone. lifetime is the assertion's, in seconds from now:
// a wait that outlives it is not begun. Frees the exchange in any case. The time between the two steps is the
// token's and does not count.
bool aps_exchange_finish(struct aps_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                         struct secret *answer, struct ssa_error *err);

// Finds access_token in a grant and appends it to token.
bool aps_grant_token(struct span answer, struct secret *token, struct ssa_error *err) MUST_CHECK;

#endif
