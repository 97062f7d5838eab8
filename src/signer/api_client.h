// From settings to a client of the provider's API.
#pragma once

#include "oauth/oauth.h"
#include "signer/client_secret.h"

// Makes the client; it borrows the settings. Where the client secret is not known yet,
// oauth_client_know_secret tells it later.
bool api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct oauth_client **client,
                     struct ssa_error *err) MUST_CHECK;

static inline void aps_close(struct oauth_client **client)
{
    oauth_client_free(*client);
}
#define APS_AUTO __attribute__((cleanup(aps_close))) struct oauth_client
