// The agent as a whole: what `ssa-hsm agent` runs.
#pragma once

#include "agent/client/socket_path.h"
#include "core/api.h"
#include "core/error.h"

enum { AGENT_PROFILES_MAX = 8, AGENT_ALLOW_MAX = 64 };

// Another user who may ask, and for which scopes.
struct agent_allow {
    const char *user;  // a name or a number
    const char *scope; // separated by commas or spaces; empty: none
};

enum agent_audit { AGENT_AUDIT_NONE, AGENT_AUDIT_JOURNAL, AGENT_AUDIT_SYSLOG, AGENT_AUDIT_FILE };

// Borrowed while the agent runs.
struct agent_options {
    const char *socket;                       // the path; its folder is made with mode 0700 where it is not there
    const char *profiles[AGENT_PROFILES_MAX]; // NULL: the usual one
    size_t profile_count;
    struct agent_allow allow[AGENT_ALLOW_MAX];
    size_t allow_count;
    bool once;           // no later agent has this socket
    bool locked;         // starts locked
    unsigned lock_after; // seconds; 0: never
    enum agent_audit audit;
    const char *audit_file;
    const char *facade; // [ADDRESS:]PORT on loopback; NULL: no facade
    const char *listen; // ADDRESS:PORT for other hosts; NULL: no broker
    const char *tls_cert, *tls_key, *client_ca;
    const char *callers; // path of the file with the facade's and the broker's callers
    // Messages go to its callback tell, from several threads.
    struct ssa_run run;
    int until;         // the agent ends when this descriptor can be read from; 0: it does not
    bool hangup_stops; // SIGHUP ends it; else the audit's file is opened anew
    // Is called once, when requests are answered. May be NULL.
    void (*ready)(void *context, const char *socket);
    void *context;
};

// Serves until SIGTERM, SIGINT or SIGQUIT. Uses the sockets of systemd (sd_listen_fds(3)) where there are some, and
// tells it how the agent is (sd_notify(3)).
bool agent_run(const struct agent_options *options, struct ssa_error *err) MUST_CHECK;
