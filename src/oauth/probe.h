// How far a request to the server comes.
#pragma once

#include "oauth/oauth.h"

// What a request needs, in this order.
enum probe_stage {
    PROBE_URL,        // a base URL that is valid
    PROBE_CA,         // certification authorities that can be read
    PROBE_PROXY,      // a proxy that takes the request, where there is one
    PROBE_NAME,       // the host's address
    PROBE_CONNECTION, // a connection to it
    PROBE_TLS,        // a certificate that is trusted
    PROBE_ANSWER,     // an answer, which has a date
    PROBE_DONE,
    PROBE_STAGES = PROBE_DONE
};

struct probe {
    enum probe_stage at;        // the stage that failed; PROBE_DONE for none
    char host[256];             // and port
    bool plain;                 // http to this machine: no proxy, no TLS
    char ca[512];               // where certification authorities are read from; "" where it is not known
    const char *proxy_variable; // names the proxy, or could name it
    char proxy[256];            // its host and port; "" for none
    bool proxy_named;           // the variable is set
    bool proxy_has_user;        // with user and password, which are not shown
    const char *excepted_by;    // the variable that excepts the host from the proxy; NULL for none
    long status;                // of the answer
    bool has_date;
    long long ahead; // seconds by which this machine's clock is ahead of the server's; negative if it is behind
};

// Sends one GET for the base URL itself, without any credentials, and with no second try. That address is no call of
// the API, so that nothing is taken off its limits, and any answer will do. Takes at most so many seconds; stop (may be
// NULL) ends it early. On failure *probe says at which stage.
bool probe_server(const struct oauth_config *config, unsigned seconds, bool (*stop)(void *context), void *context,
                  struct probe *probe, struct ssa_error *err) MUST_CHECK;

// The versions of libcurl and of the TLS library that it has: "7.88.1 (OpenSSL/3.0.14)".
bool probe_libcurl_version(char out[static 128], struct ssa_error *err) MUST_CHECK;
