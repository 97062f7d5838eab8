// What operations have left: those that were interrupted, and the audit trail of those that are over.
#pragma once

#include "program/ending.h"
#include "program/time.h"
#include "ssa-hsm/settings.h"

struct ssa_recovery {
    const char *key_id; // the lost key, if it is not known and a person has chosen it; may be NULL
    bool forget;        // gives up an operation that cannot be completed or undone, although something is left of it
};

// Completes or undoes each interrupted operation of the settings' client id and server. A key that is complete at the
// API and on the PKCS#11 token gets its profile. Everything else is undone. Nothing is touched unless the operation
// provably made it. A callback receives each result. *found is the number of operations. If an operation could not be
// completed or undone, the call fails and ends with SSA_END_LEFT.
bool ssa_recover(const struct ssa_run *run, const struct ssa_recovery *how, size_t *found, struct ssa_ending *ending,
                 struct ssa_error *err);

// An operation that is over. Texts that do not apply are empty, and such times are unknown.
struct ssa_event {
    const char *id;                  // the entry's
    long long sequence;              // from 1, without gaps
    const char *previous;            // the SHA-256 of the previous entry, in hex
    const char *sha256;              // the SHA-256 of this entry's file; empty if the file cannot be read
    const char *operation, *outcome; // "key create"; "done", "undone", "failed", "left", "unknown"
    const char *import;              // the key's way into the PKCS#11 token: "plain", "wrapped"; empty for none
    struct ssa_time started, ended;
    long long uid;
    const char *client_id, *base_url, *account, *email, *key_id, *old_key_id, *token, *key_uri, *profile, *note;
    const char *project; // that the account was added to; empty for other operations
};

// Shows the audit trail in this user's state folder, for all client ids and servers, with the oldest entry first. show
// borrows the event.
bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event), void *context,
                 struct ssa_error *err);

// The audit trail is a chain: each entry holds the SHA-256 of the previous entry's file.
struct ssa_chain {
    size_t count;
    char last[65]; // the SHA-256 of the last entry; with a copy elsewhere it can be seen whether the end was cut off
};

// Checks that the chain is unbroken. Else fails with SSA_CONFIG and names the first entry that is missing, changed or
// invalid.
bool ssa_history_verify(const struct ssa_run *run, struct ssa_chain *chain, struct ssa_error *err);
