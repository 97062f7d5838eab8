// The API's client that a command about accounts and keys works with.
#pragma once

#include "aps/aps.h"
#include "signer/api_client.h"

// Makes a client with a two-legged access token of these scopes. Warns of operations that were interrupted.
bool manage_begin(const struct ssa_run *run, const char *scopes, struct aps **client,
                  struct ssa_error *err) MUST_CHECK;

// The same with a client secret that is known.
bool manage_begin_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                       struct aps **client, struct ssa_error *err) MUST_CHECK;
