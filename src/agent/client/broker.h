// Asking an agent of another host: HTTPS with a client certificate, through libcurl.
#pragma once

#include "agent/client/client.h"

// Files in PEM; NULL for none. Borrowed.
struct broker_files {
    const char *cert;   // the client's certificate
    const char *key;    // its key; else that is in cert
    const char *cacert; // who the broker's certificate must come from; else the system decides
};

// As agent_ask. address is https://HOST[:PORT][/PREFIX]. Fails with SSA_CONFIG for an address or a file that cannot be
// used, with SSA_ABSENT (SSA_REASON_AGENT_UNREACHED) where no connection can be made, and with SSA_NETWORK.
bool broker_ask(const char *address, const struct broker_files *files, const char *target, unsigned timeout_ms,
                const struct ssa_callbacks *callbacks, struct agent_answer *answer, struct ssa_error *err) MUST_CHECK;
