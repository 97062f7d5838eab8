// The API of secure service accounts: accounts and keys, one function for each call.
#pragma once

#include "core/api.h"
#include "oauth/oauth.h"

#define APS_KEYS_MAX     API_IDS_MAX
#define APS_ACCOUNTS_MAX 64U // of one client id; the API allows 10

// The API's limits, and its names for the states of accounts and keys.
#define APS_ACCOUNTS_ALLOWED 10U
#define APS_KEYS_ALLOWED     3U
#define APS_ENABLED          "ENABLED"
#define APS_DISABLED         "DISABLED"
#define APS_DEACTIVATED      "DEACTIVATED" // an account that nobody used for 12 months

// Scopes of the admin access token.
#define APS_SCOPE_ACCOUNT_READ  "application:service_account:read"
#define APS_SCOPE_ACCOUNT_WRITE "application:service_account:write"
#define APS_SCOPE_KEY_READ      "application:service_account_key:read"
#define APS_SCOPE_KEY_WRITE     "application:service_account_key:write"

struct aps_account {
    char id[API_ID_MAX];
    char email[API_EMAIL_MAX];
    char created_by[API_ID_MAX];
    char status[32];
    bool has_created_at, has_accessed_at, has_expires_at;
    time_t created_at, accessed_at, expires_at;
};
struct aps_accounts {
    struct aps_account list[APS_ACCOUNTS_MAX];
    size_t count;
};

// Fetches an admin access token with these scopes (separated by spaces). The calls below then use it. On failure they
// use the earlier one, if there is one.
bool aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err) MUST_CHECK;

// Gives the calls an access token that another call has fetched: an account's own.
bool aps_act_as(struct oauth_client *client, struct span token, struct ssa_error *err) MUST_CHECK;

// Whether an error means that the account or key is not there.
bool aps_is_gone(const struct ssa_error *err);

// Whether an error is a refusal with this status for which the server named no reason.
bool aps_is_unclear(const struct ssa_error *err, unsigned long status);

// Checks that the name can be sent: it is UTF-8 without control characters, not empty, and not far too long. Fails with
// SSA_USAGE.
bool aps_check_account_name(const char *first, const char *last, struct ssa_error *err) MUST_CHECK;

// Warns of a name that one of the provider's published rules forbids. The rules differ, so the API decides.
void aps_doubt_account_name(const char *first, const char *last, const struct ssa_callbacks *callbacks);

// Writes the account's name, FIRST-LAST, with which its email begins. Returns false if it is too long.
bool aps_account_name(const char *first, const char *last, char name[static API_NAME_MAX]) MUST_CHECK;

// Makes the account FIRST-LAST. Underscores become dashes, because not every rule allows them. On failure *outcome says
// what may have happened, and account->id is filled if the answer told it. This and the calls below fail with
// SSA_UNEXPECTED before aps_admin, and with SSA_USAGE for an invalid id.
bool aps_account_create(struct oauth_client *client, const char *first, const char *last, struct aps_account *account,
                        enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
// Lists the accounts. The caller frees *accounts, also after a failure. The list is too large for a stack.
bool aps_accounts_new(struct oauth_client *client, struct aps_accounts **accounts, struct ssa_error *err) MUST_CHECK;
void aps_accounts_free(struct aps_accounts **accounts);
#define ACCOUNTS_AUTO __attribute__((cleanup(aps_accounts_free))) struct aps_accounts
// Finds the account with this id or email, with all its details, by one request for the list.
bool aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *account,
                         struct ssa_error *err) MUST_CHECK;
bool aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account,
                     struct ssa_error *err) MUST_CHECK;
// Sets the status to ENABLED or DISABLED. *account becomes the API's answer. If the account already has that status,
// the API refuses the call with 400. So it also refuses a second try after the answer to the first was lost: *outcome
// is then OAUTH_MAYBE_DONE.
bool aps_account_set_status(struct oauth_client *client, const char *id, const char *status,
                            struct aps_account *account, enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
// An account that is gone after a try whose answer was lost counts as deleted.
bool aps_account_delete(struct oauth_client *client, const char *id, struct ssa_error *err) MUST_CHECK;

struct aps_key {
    char kid[API_ID_MAX];
    char status[32];
    bool has_created_at, has_accessed_at;
    time_t created_at, accessed_at;
};
struct aps_keys {
    struct aps_key list[APS_KEYS_MAX];
    size_t count;
};

// Makes a key. The answer's privateKey goes to pem, which the caller made (empty, capacity PEM_MAX). On failure
// *outcome says what may have happened, kid is filled if the answer told it, and pem is empty. The connection is closed
// in any case, because its buffers held the key.
bool aps_key_create(struct oauth_client *client, const char *account, char kid[static API_ID_MAX], struct secret *pem,
                    enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
// Waits as the API's rate limit demands. That wait is not taken off the timeout.
bool aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys,
                  struct ssa_error *err) MUST_CHECK;
// The key of this id in a list; NULL if it is not there.
const struct aps_key *aps_key_in(const struct aps_keys *keys, const char *key_id);
// As aps_account_set_status.
bool aps_key_set_status(struct oauth_client *client, const char *account, const char *kid, const char *status,
                        enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
bool aps_key_delete(struct oauth_client *client, const char *account, const char *kid,
                    struct ssa_error *err) MUST_CHECK;

// Finds out the reason of a refusal (400, 403) of a call about this account's keys, if the server named none. Asks for
// the account, and for its keys if creating. The state or limit becomes err's reason. If it cannot be found out, err
// stays as it is. aps_key_create and aps_key_delete call this by themselves.
void aps_explain_keys(struct oauth_client *client, const char *account, bool creating, struct ssa_error *err);

// The same after a refused creation of an account. Counts the accounts.
void aps_explain_accounts(struct oauth_client *client, struct ssa_error *err);
