// From settings, or a URI, to an open PKCS#11 token.
#pragma once

#include "config/identity.h"
#include "hsm/key/slot.h"
#include "hsm/search/open.h"
#include "pin/policy.h"
#include "pin/so_pin.h"

// Zero before, but for pin.tries. It must not move while the token is open, which refers to it.
struct open_token {
    struct uri *uri;     // that it was found by; NULL: it is the only token there is
    struct token *token; // token_close and uri_free are the caller's, or open_token_close
    struct pin_policy pin;
    struct so_pin so;
    bool officer_known;    // the security officer has logged in once
    struct card_slot slot; // of a new key
};
void open_token_close(struct open_token *at);
#define OPEN_TOKEN_AUTO __attribute__((cleanup(open_token_close))) struct open_token

// What search_open is to find, by the settings and a URI (NULL: any token).
struct token_wanted open_token_wanted(const struct ssa_run *run, const struct uri *uri);

// Reads the URI and prepares the PIN policy; then finds the token. Neither logs in.
bool open_token_prepare(const struct ssa_run *run, const char *uri, struct open_token *at,
                        struct ssa_error *err) MUST_CHECK;
bool open_token_find(const struct ssa_run *run, struct open_token *at, struct ssa_error *err) MUST_CHECK;

// Finds the token of SSA_HSM_TOKEN, or of PRIVATE_KEY, or the only one there is. Fails with SSA_CONFIG where
// none of them names it and its PIN is stored: a stored PIN is not tried on a guess. Does not log in.
bool open_token_of_settings(const struct ssa_run *run, struct open_token *at, struct ssa_error *err) MUST_CHECK;

// Logs the user in.
bool open_token_login(struct open_token *at, bool writable, struct ssa_error *err) MUST_CHECK;

// Logs the security officer in, where the token needs that for writing and it was not done yet.
bool open_token_officer(struct open_token *at, const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;

// Finds the token that uri names, and logs in with a session that may write.
bool open_token_again(const struct ssa_run *run, const char *uri, struct open_token *at,
                      struct ssa_error *err) MUST_CHECK;
