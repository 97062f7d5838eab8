// The parts of a client: settings, secrets, the connection, and the time that is left.
#pragma once

#include "core/mask.h"
#include "oauth/ca.h"
#include "oauth/http.h"
#include "oauth/oauth.h"
#include "oauth/pace.h"
#include "oauth/url.h"

// Room for an answer: a list of accounts, anything else.
#define OAUTH_LIST_MAX   262144U
#define OAUTH_ANSWER_MAX 65536U

struct oauth_client {
    struct oauth_config config;
    struct url url;
    struct ca ca;
    struct secret client_secret; // empty before it is known
    struct secret authorization; // the header line with id and secret; empty before the secret is known
    struct secret bearer;        // the client's own (two-legged) access token; empty before there is one
    char scopes[256];            // of bearer
    struct http_handle
        *handle;       // of the calls on the caller's thread, which share its connection; NULL while there is none
    long long left_ms; // of config.timeout; only time spent in calls is taken off
    struct pace pace;  // of the calls that are paced
    bool deaf;         // no interruption stops anything any more
    bool told_interrupted;
    unsigned requests;        // that were sent
    struct oauth_limits told; // by the last answer
    time_t server_date;       // of the last answer, 0 for none
    long long server_date_ms; // when that answer came, by monotonic_ms
};

// Our secrets, which the other side may echo; own is a call's own one. Borrows.
struct mask client_secrets(const struct oauth_client *client, struct span own);

// Whether the person wants to stop.
bool client_interrupted(const struct oauth_client *client);

// The error for an interruption. Returns false.
bool client_stop(const struct oauth_client *client, struct ssa_error *err);

// Waits, and says what for. Fails if the person wants to stop.
bool client_wait(const struct oauth_client *client, enum ssa_wait what, long long ms, struct ssa_error *err) MUST_CHECK;

// Says that the server is waited for.
void client_waits(const struct oauth_client *client);

// Closes the connection. libcurl and OpenSSL then free the buffers through which they read.
void client_hang_up(struct oauth_client *client);
