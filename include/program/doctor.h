// Examining what a command needs.
#pragma once

#include "ssa-hsm/settings.h"

enum ssa_health {
    SSA_HEALTH_OK,
    SSA_HEALTH_WARNING, // works, but not well, or not for long
    SSA_HEALTH_FAILURE, // what depends on it fails
    SSA_HEALTH_SKIPPED, // not examined
};

// The finding of a check. Borrowed for the time of the call.
struct ssa_finding {
    // The check's name: memory, settings, profile, identity, client-id, pin-source, client-secret, folders, p11-kit,
    // module-host, pcscd, module, token, pin, key, base-url, ca, proxy, dns, connection, tls, clock, credentials,
    // api-account, api-key, journal, agent. Two names are no checks: "setting" is one setting in force (subject is its
    // name, what its value or "set", cause where it comes from), and "version" is that of a part (subject).
    const char *check;
    enum ssa_health health;
    // What was found, as an error has it. Its code is SSA_OK unless it is a failure.
    const struct ssa_error *found;
    const char *after; // SKIPPED: the check that must succeed before; NULL if it was not asked for
};

struct ssa_examination {
    bool login;   // tries the PIN, once; without it no PIN is tried, and only public objects are seen
    bool sign;    // lets the key sign a challenge; includes login
    bool ask_api; // sends three requests: for an admin access token, for the account, and for its keys
    // Why the settings cannot be read, if the caller's calls for that failed; NULL for no failure. It becomes a
    // finding, and what depends on the settings is skipped.
    const struct ssa_error *settings_fault;
};

struct ssa_examined {
    size_t failures, warnings;
    enum ssa_class first; // the class of the first failure: the one to mend first; SSA_OK for none
    unsigned requests;    // that were sent to the API with credentials
};

// Examines settings, files, PKCS#11 modules, the PKCS#11 token, its key, the server and the journal, and shows each
// finding, in the order in which a person would mend them. Without ask_api, one request without credentials goes to
// the server, for an address that is no call of the API. Only the first of several profiles is examined whole. Nothing
// is changed, except that processes take turns, and that the journal is tidied, as all commands do it. Fails only if it
// could not go on: interrupted, or without memory.
bool ssa_doctor(const struct ssa_run *run, const struct ssa_examination *wanted,
                void (*show)(void *context, const struct ssa_finding *finding), void *context,
                struct ssa_examined *examined, struct ssa_error *err);
