// A signer that stays open: a login to the key's PKCS#11 token, used by many threads.
#pragma once

#include <stdatomic.h>

#include "hsm/key/sign.h"
#include "hsm/module/scope.h"
#include "oauth/scope.h"
#include "signer/assertion.h"
#include "signer/client_secret.h"
#include "signer/lanes.h"
#include "signer/open_token.h"

// The last failure. Those who waited while it happened get it as theirs, and do not try the same once more.
struct shared_failure {
    struct ssa_error err;
    long long at; // when it was known, by monotonic_ms; 0: there is none
};

// The last access token.
struct kept_token {
    struct secret text;
    char scope[SCOPE_MAX]; // that it was asked for
    char given[SCOPE_MAX]; // that it is for
    long long expires;     // seconds since the epoch, for people
    long long useless_at;  // by a clock that nobody sets, and that goes on while the machine sleeps; in milliseconds
};

struct ssa_signer {
    pid_t process;
    atomic_uint users; // the caller, and the keys that were made of it
    struct ssa_run run;
    const struct pin_watch *watch; // of whoever keeps the signer; may be NULL
    struct ssa_settings *view;     // the settings, with the profile that is used

    struct lanes lanes;

    // With the first session: what has to do with the PKCS#11 token. Lanes are open only while it is ready.
    bool closed;
    struct module_scope scope;
    struct open_token at;
    struct key key;
    bool ready;          // logged in, and the key was found
    bool refused;        // the token did not accept the PIN: no PIN is tried any more
    unsigned unanswered; // so many of the key's own logins in a row, of which nobody knows whether they were refused
    struct shared_failure lost;

    // Under fetching: what has to do with the API. It is taken before the first session.
    pthread_mutex_t fetching;
    struct client_secret secret;
    struct shared_failure unfetched;
    char unfetched_scope[SCOPE_MAX];
    struct kept_token fresh;

    pthread_mutex_t keeping; // for kept, and never for long
    struct kept_token kept;
};

// As ssa_signer_open, which fetches access tokens, too. watch (may be NULL) is borrowed.
bool handle_open(const struct ssa_run *run, const struct pin_watch *watch, struct ssa_signer **signer,
                 struct ssa_error *err) MUST_CHECK;

// Begins to use the PKCS#11 token's first session, which other threads then wait for. Fails with SSA_USAGE in a forked
// child, in a callback and where the signer is closed, or where another process does not let it. handle_leave ends it.
struct handle_use {
    struct ssa_signer *signer;
    struct module_scope *before;
    long long since; // when the call began
};
bool handle_enter(struct ssa_signer *signer, struct handle_use *use, struct ssa_error *err) MUST_CHECK;

// The same for a call that has passed handle_check and taken the first session already.
bool handle_enter_first(struct ssa_signer *signer, long long since, struct handle_use *use,
                        struct ssa_error *err) MUST_CHECK;
void handle_leave(struct handle_use *use);
#define HANDLE_USE_AUTO __attribute__((cleanup(handle_leave))) struct handle_use

// Fails with SSA_USAGE where the signer must not be used at all: in a forked child, or in a callback.
bool handle_check(const struct ssa_signer *signer, struct ssa_error *err) MUST_CHECK;

// After handle_enter: makes sure that the token is logged in, after it was lost. Waits until nobody signs in it.
bool handle_renew(const struct handle_use *use, struct ssa_error *err) MUST_CHECK;

// Drops the PIN unless it will be needed.
void handle_drop_pin(struct ssa_signer *signer);

// Appends a signature.
bool handle_sign(struct ssa_signer *signer, const struct key_input *input, struct secret *signature,
                 struct ssa_error *err) MUST_CHECK;

// Appends an assertion to out, which is empty.
bool handle_assertion(struct ssa_signer *signer, struct assertion *a, struct secret *out,
                      struct ssa_error *err) MUST_CHECK;

// Makes sure that the user is logged in to the PKCS#11 token, which is looked at first: no PIN is sent where the login
// still stands. Fails as a signature does.
bool handle_look(struct ssa_signer *signer, struct ssa_error *err) MUST_CHECK;

// Whether a person gives the PIN.
bool handle_is_attended(const struct ssa_signer *signer);

// Uses other settings from now on, with the same login. False, and nothing has changed, where they name another PKCS#11
// token, which must be opened anew. Fails like that, too, where the token does not hold their key.
bool handle_follow(struct ssa_signer *signer, const struct ssa_settings *settings, struct ssa_error *err) MUST_CHECK;

// Reads the client secret to signer->secret, where the settings have it or name its place.
bool handle_read_secret(struct ssa_signer *signer, struct ssa_error *err) MUST_CHECK;

// Copies the key with both of its public numbers. Fails with SSA_TOKEN where the token does not tell them.
bool handle_numbers(struct ssa_signer *signer, struct key *key, struct ssa_error *err) MUST_CHECK;

// One more user of the signer's memory, and one less.
void handle_keep(struct ssa_signer *signer);
void handle_drop(struct ssa_signer *signer);

// Whether a failure came after `since`: then it is the caller's, too.
bool failure_is_shared(const struct shared_failure *failure, long long since);
