// An access token, and the assertion that it is fetched with.
#pragma once

#include "ssa-hsm/signer.h"

// The API's answer to the assertion.
struct ssa_grant {
    struct ssa_text json;  // the whole answer, indented
    struct ssa_text token; // the access token
};
void ssa_grant_free(struct ssa_grant *grant);

// Fetches an access token. This takes one login, one signature by the PKCS#11 token, and one request. A client secret
// on another PKCS#11 token needs a login there, too. The caller frees *grant. If a PKCS#11 token fails, the next of
// several profiles is used (see ssa_settings_profiles). It is not used after a wrong PIN, or if network, credentials,
// settings or the API fail. If all profiles fail, the error is that of the last one.
bool ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
               struct ssa_error *err);

// A place for access tokens that outlives the program: the keyring that the kernel keeps for this user. It is used
// where asked is set, but not in a container, which shares it with its host; or where the setting SSA_HSM_CACHE is
// "keyring".
struct ssa_cache {
    bool asked;
    bool fresh;     // takes no access token from there, and puts a new one there
    unsigned least; // takes one that is valid for so many seconds more, at least
};

// The same as ssa_fetch, but an access token that an earlier call has put there is taken, for the same base URL, client
// id, account, key, audience and scopes. That uses no PKCS#11 token, and asks the API nothing; expires_in in its JSON
// is what is left. Where the keyring cannot be used, a warning says so once, and an access token is fetched. cache may
// be NULL.
bool ssa_fetch_cached(const struct ssa_run *run, const struct ssa_token_request *request, const struct ssa_cache *cache,
                      struct ssa_grant *grant, struct ssa_error *err);

// Waits for PKCS#11 modules that earlier calls have closed. Each call that uses a PKCS#11 token loads the module in a
// process of its own (ssa-hsm-host) and returns before that process has ended. One that still runs so many milliseconds
// after its module was closed is ended, also once callbacks (only interrupted, tell and waiting are used) say that the
// person wants to stop. Without this call, a later use of a PKCS#11 token waits for the process, or it ends with this
// one.
void ssa_modules_settle(unsigned most_ms, const struct ssa_callbacks *callbacks);

// Signs the assertion (RFC 7523 section 3) and sends nothing. Uses several profiles as ssa_fetch does.
bool ssa_sign(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *assertion,
              struct ssa_error *err);

// Returns the header and the claims that would be signed, as readable JSON. Uses no PKCS#11 token.
bool ssa_claims(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *json,
                struct ssa_error *err);
