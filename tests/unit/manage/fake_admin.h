// The API's client for commands about accounts and keys, made up: a test that wraps admin_client_open gets none, and
// sees which scopes it would have had.
#pragma once

#include "manage/admin_client.h"

extern char admin_scopes[256];

bool __wrap_admin_client_open(const struct ssa_run *run, const char *scopes, struct oauth_client **client,
                              struct ssa_error *err);
