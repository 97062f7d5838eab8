// The API's client for commands about accounts and keys.
#pragma once

#include "aps/aps.h"
#include "signer/client_secret.h"

// Makes a client with a two-legged access token that has these scopes. Warns of interrupted operations.
bool admin_client_open(const struct ssa_run *run, const char *scopes, struct oauth_client **client,
                       struct ssa_error *err) MUST_CHECK;

// The same with a client secret that is known.
bool admin_client_open_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                            struct oauth_client **client, struct ssa_error *err) MUST_CHECK;
