// The API's client that a command about accounts and keys works with.
#pragma once

#include "aps/aps.h"
#include "signer/api_client.h"

// Makes a client with a two-legged access token of these scopes. Warns of operations that were interrupted.
bool admin_client_open(const struct ssa_run *run, const char *scopes, struct oauth_client **client,
                       struct ssa_error *err) MUST_CHECK;

// The same with a client secret that is known.
bool admin_client_open_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                            struct oauth_client **client, struct ssa_error *err) MUST_CHECK;
