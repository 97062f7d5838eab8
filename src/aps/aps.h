// The secure-service-account API: one client, one function a call. Knows nothing of tokens, profiles or
// terminals.
#ifndef SSA_APS_APS_H
#define SSA_APS_APS_H

#include <time.h>

#include "core/error.h"
#include "core/secret.h"

// Where the public service lives, and what `aud` names whatever host is dialled.
#define APS_BASE_URL "https://developer.api.autodesk.com"
#define APS_AUDIENCE "https://developer.api.autodesk.com/authentication/v2/token"

#define APS_TIMEOUT_DEFAULT 90U // seconds, all waiting included
#define APS_ID_MAX          128U
#define APS_NAME_MAX        256U // with the NUL; the API allows 100
#define APS_EMAIL_MAX       256U
#define APS_KEYS_MAX        16U // of one account; the API allows 3
#define APS_ACCOUNTS_MAX    64U // of one client id; the API allows 10

// What the API allows, and what it calls the states of accounts and keys.
#define APS_ACCOUNTS_ALLOWED 10U
#define APS_KEYS_ALLOWED     3U
#define APS_ENABLED          "ENABLED"
#define APS_DISABLED         "DISABLED"
#define APS_DEACTIVATED      "DEACTIVATED" // an account that nobody used for 12 months

// Scopes of the two-legged token.
#define APS_SCOPE_ACCOUNT_READ  "application:service_account:read"
#define APS_SCOPE_ACCOUNT_WRITE "application:service_account:write"
#define APS_SCOPE_KEY_READ      "application:service_account_key:read"
#define APS_SCOPE_KEY_WRITE     "application:service_account_key:write"

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

struct aps_account {
    char id[APS_ID_MAX];
    char email[APS_EMAIL_MAX];
    char created_by[APS_ID_MAX];
    char status[32];
    bool has_created_at, has_accessed_at, has_expires_at;
    time_t created_at, accessed_at, expires_at;
};
struct aps_accounts {
    struct aps_account list[APS_ACCOUNTS_MAX];
    size_t count;
};

// Whether text can be an id of the API: letters, digits, dots, dashes and underscores, no dot first. It goes
// into paths, files and labels.
bool aps_is_id(const char *text);

// Says whether the name can be sent at all: no control characters, UTF-8, not empty, of a length with sense.
// Fails with SSA_USAGE.
bool aps_check_account_name(const char *first, const char *last, struct ssa_error *err) MUST_CHECK;

// Warns of what one of the provider's published rules, which are not all the same, would refuse. The API
// decides.
void aps_doubt_account_name(const char *first, const char *last, const struct ssa_callbacks *callbacks);

// Writes the name of the account FIRST-LAST, which is also its email's local part. False when it is too long.
bool aps_account_name(const char *first, const char *last, char name[static APS_NAME_MAX]) MUST_CHECK;

// Makes the account FIRST-LAST (underscores, which not every rule allows there, become dashes). Never
// repeated blindly: on failure *outcome says what may have happened, and account->id is filled where the
// answer still told it. Without aps_admin before, this and the calls below fail with SSA_UNEXPECTED; what can
// be no id is SSA_USAGE.
bool aps_account_create(struct aps *client, const char *first, const char *last, struct aps_account *account,
                        enum aps_outcome *outcome, struct ssa_error *err) MUST_CHECK;
bool aps_account_list(struct aps *client, struct aps_accounts *accounts, struct ssa_error *err) MUST_CHECK;
bool aps_account_get(struct aps *client, const char *id, struct aps_account *account,
                     struct ssa_error *err) MUST_CHECK;
// Sets the status to ENABLED or DISABLED; *account is what the API says of it then. The status it has already
// is refused with 400, and so is the second try where the first one's answer was lost: *outcome then is
// APS_MAYBE_DONE.
bool aps_account_set_status(struct aps *client, const char *id, const char *status,
                            struct aps_account *account, enum aps_outcome *outcome,
                            struct ssa_error *err) MUST_CHECK;
// An account that is not there any more after a try whose answer was lost counts as deleted.
bool aps_account_delete(struct aps *client, const char *id, struct ssa_error *err) MUST_CHECK;

struct aps_key {
    char kid[APS_ID_MAX];
    char status[32];
    bool has_created_at, has_accessed_at;
    time_t created_at, accessed_at;
};
struct aps_keys {
    struct aps_key list[APS_KEYS_MAX];
    size_t count;
};

// Makes a key. The answer's privateKey is put into pem, which the caller made (empty, capacity PEM_MAX). On
// failure *outcome says what may have happened, kid is filled where the answer still told it, and pem is
// empty. The connection is closed either way, for its buffers held the key.
bool aps_key_create(struct aps *client, const char *account, char kid[static APS_ID_MAX], struct secret *pem,
                    enum aps_outcome *outcome, struct ssa_error *err) MUST_CHECK;
// Paced: waits, uncharged to the time for calls, rather than to ask more often than the API's rate limit
// allows.
bool aps_key_list(struct aps *client, const char *account, struct aps_keys *keys,
                  struct ssa_error *err) MUST_CHECK;
// As aps_account_set_status.
bool aps_key_set_status(struct aps *client, const char *account, const char *kid, const char *status,
                        enum aps_outcome *outcome, struct ssa_error *err) MUST_CHECK;
bool aps_key_delete(struct aps *client, const char *account, const char *kid,
                    struct ssa_error *err) MUST_CHECK;

// After a refusal (400, 403) of a call about this account's keys: puts into err's hint which limit or state
// it is and what to do. Where the server did not name that, it asks for the account, and where a key was to
// be made for its keys. Where it cannot be found out, err stays as it is. The calls that make and delete a
// key have done so already.
void aps_explain_keys(struct aps *client, const char *account, bool creating, struct ssa_error *err);

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
