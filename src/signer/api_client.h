// From settings to a client of the API.
#ifndef SSA_SIGNER_API_CLIENT_H
#define SSA_SIGNER_API_CLIENT_H

#include "oauth/oauth.h"
#include "signer/client_secret.h"

// The client id. Fails with SSA_CONFIG when it is not set.
bool api_client_id(const struct ssa_run *run, const char **client_id, struct ssa_error *err) MUST_CHECK;

// The API's client; it borrows the settings. A secret that is late is told it by aps_know_secret.
bool api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct aps **client,
                     struct ssa_error *err) MUST_CHECK;

static inline void aps_close(struct aps **client)
{
    aps_free(*client);
}
#define APS_AUTO __attribute__((cleanup(aps_close))) struct aps

#endif
