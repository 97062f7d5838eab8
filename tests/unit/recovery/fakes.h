// An API and a PKCS#11 token that live in memory, in the place of the real ones: a test that links them sees
// what a story asks of both, in which order. They stand before the library's functions of the same names.
#pragma once

#include "aps/aps.h"
#include "hsm/key/key.h"
#include "hsm/key/locate.h"
#include "signer/open_token.h"

// What was asked of either, a word each and its subject: "keys, delete-key K1, get-account A".
extern char fake_asked[1024];
void fake_note(const char *what, const char *subject);

struct fake_api {
    struct aps_accounts accounts;
    struct aps_keys keys; // of whichever account
    bool no_lists;        // they cannot be had
    bool no_deletions;
    const char *kept; // an id whose deletion says that there is no such thing
};
extern struct fake_api fake_api;
struct oauth_client *fake_client(void);

struct fake_token {
    enum located located;
    struct key key;
    bool no_destruction;
};
extern struct fake_token fake_token;

// Nothing asked, nothing there.
void fakes_begin(void);
// Adds what the API says that it has. Time: of its making; used: of its last use, 0 for never.
void fake_add_account(const char *id, const char *email, time_t made);
void fake_add_key(const char *kid, time_t made, time_t used);
