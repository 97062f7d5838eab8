// From settings, or a URI, to an open PKCS#11 token.
#pragma once

#include "config/identity.h"
#include "hsm/key/slot.h"
#include "hsm/search/open.h"
#include "pin/policy.h"
#include "pin/so_pin.h"

// It is zero before, except pin.tries. It must not move while the token is open, since the token refers to it.
struct open_token {
    struct uri *uri; // by which it was found; NULL: it is the only token
    struct token *token;
    bool chosen;  // by a person, among several that matched
    bool threads; // several threads are to sign at the same time
    struct pin_policy pin;
    struct so_pin so;
    bool officer_known;    // the security officer has logged in once
    struct card_slot slot; // of a new key
};
void open_token_close(struct open_token *at);
#define OPEN_TOKEN_AUTO __attribute__((cleanup(open_token_close))) struct open_token

// For whom modules are loaded, and how processes take turns on them. Borrows from run.
struct module_user module_user_of(const struct ssa_run *run);

// What search_open shall find, by the settings and a URI (NULL: any token).
struct token_wanted open_token_wanted(const struct ssa_run *run, const struct uri *uri);

// Reads the URI and prepares the PIN policy; then finds the token. Neither logs in.
bool open_token_prepare(const struct ssa_run *run, const char *uri, struct open_token *at,
                        struct ssa_error *err) MUST_CHECK;
bool open_token_find(const struct ssa_run *run, struct open_token *at, struct ssa_error *err) MUST_CHECK;

// Finds the token that SSA_HSM_TOKEN or PRIVATE_KEY names, or the only one that is there. Where several match, a person
// is asked. Fails with SSA_CONFIG where
// none of them names it and its PIN is stored: a stored PIN is not tried on a guess. Does not log in.
bool open_token_of_settings(const struct ssa_run *run, struct open_token *at, struct ssa_error *err) MUST_CHECK;

// Logs the user in.
bool open_token_login(struct open_token *at, bool writable, struct ssa_error *err) MUST_CHECK;

// Logs the security officer in, where the token needs that for writing, and it was not done before.
bool open_token_officer(struct open_token *at, const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;

// Writes the URI of the token, or of an object on it (parts), for a profile: the next shell must find the same module.
// The pin-source is that of given (may be NULL), or else that of parts.
bool lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                 char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
