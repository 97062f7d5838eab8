// The agent's end of the connection to its signer, a process of its own for each profile: starts it, asks it, and
// starts it again after it died or hung, at growing intervals. A signer that died while it logged in may have spent a
// PIN try. Where that try has a record (pin/attempts.h), the next signer decides by it. Else none is started before
// somebody unlocks it.
#pragma once

#include "agent/link/message.h"

struct signer_link;

// Borrowed while the link is open.
struct link_config {
    const char *profile;    // its name, or its path if it has a slash; NULL: the usual one
    const char *pin_socket; // the path where the signer listens for a person's PIN (pin_socket.h)
    // What the signer gets of the environment (config/signer_settings.h makes it); NULL: this process's. Without the
    // client secret in any case. Descriptors that are inherited reach the signer, too: a PIN may be read from one.
    char *const *environment;
    bool pin_retry; // tries a stored PIN again although it failed before, once
    // Is told, on the thread of the call, when a signer was started, died, or was given up. May be NULL.
    void (*tell)(void *context, enum ssa_level level, const char *line);
    void *context;
};

// Makes the link. The signer is started by the first call.
bool link_open(const struct link_config *config, struct signer_link **link, struct ssa_error *err) MUST_CHECK;

// Ends the signer: it is asked to lock, and killed if it does not end in time.
void link_close(struct signer_link *link);

// One call. May be used by several threads; each waits its turn. deadline is a time of monotonic_ms. A signer that does
// not answer by then goes on with its work, and the late answer is dropped; one that does not answer for minutes is
// killed. *status (may be NULL) is what is known afterwards, also on failure. Fails as a signer does; with
// SSA_UNEXPECTED where the signer died, or must not be started yet; with SSA_REASON_TIMEOUT where it did not answer in
// time; and with SSA_PIN and SSA_REASON_AGENT_LOCKED while it is locked, or where it died while it tried a PIN.
bool link_assertion(struct signer_link *link, const struct link_request *request, long long deadline,
                    struct secret *assertion, struct link_status *status, struct ssa_error *err) MUST_CHECK;
bool link_secret(struct signer_link *link, long long deadline, struct secret *secret, struct ssa_error *err) MUST_CHECK;
// LINK_STATUS, LINK_LOOK, LINK_LOCK, LINK_UNLOCK or LINK_RETRY. LINK_STATUS starts no signer, waits for a moment at
// most, and does not fail. LINK_LOOK fails where the PKCS#11 token is lost or has refused the PIN, LINK_UNLOCK and
// LINK_RETRY where the signer is not open then: with SSA_PIN and SSA_REASON_AGENT_LOCKED where a person must unlock it.
// LINK_LOCK does not fail: other callers stop waiting, and a signer that is not locked by the deadline is killed.
bool link_ask(struct signer_link *link, enum link_call call, long long deadline, struct link_status *status,
              struct ssa_error *err) MUST_CHECK;

// How often a signer was started.
unsigned long link_starts(const struct signer_link *link);
