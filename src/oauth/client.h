// What a client is made of: settings, secrets, the connection, and the time it may still take.
#ifndef SSA_OAUTH_CLIENT_H
#define SSA_OAUTH_CLIENT_H

#include <curl/curl.h>

#include "oauth/ca.h"
#include "oauth/error_body.h"
#include "oauth/oauth.h"
#include "oauth/pace.h"
#include "oauth/url.h"

// Room for an answer: a list of accounts, anything else.
#define APS_LIST_MAX   262144U
#define APS_ANSWER_MAX 65536U

struct aps {
    struct aps_config config;
    struct url url;
    struct ca ca;
    struct secret client_secret; // empty before it is known; what servers echo of it is not shown
    struct secret authorization; // the header line of id and secret; empty before the secret is known
    struct secret bearer;        // the two-legged token, empty before aps_admin
    CURL *handle; // of the calls on the caller's thread, which share its connection; NULL while there is none
    long long left_ms; // of config.timeout; counted down by the time spent in calls alone
    struct pace key_lists;
    enum reason reason; // that the server gave for the last call's failure
    char scopes[256];   // of the two-legged token
    bool deaf;          // interruptions are no reason to stop any more
    bool told_interrupted;
    time_t server_date;       // by the last answer, 0 for none
    long long server_date_ms; // when that came
};

// Id and secret as the header has them, empty before the secret is known.
struct span client_basic(const struct aps *client);

// Whether the person wants to stop.
bool client_interrupted(const struct aps *client);

// The error for it. Returns false.
bool client_stop(const struct aps *client, struct ssa_error *err);

// Waits, unless interrupted: then it fails.
bool client_wait(const struct aps *client, long long ms, struct ssa_error *err) MUST_CHECK;

// A handle of libcurl's, or NULL with err filled.
CURL *client_new_handle(struct ssa_error *err);

// Closes the connection, and with it gives back what libcurl and OpenSSL read through it.
void client_hang_up(struct aps *client);

#endif
