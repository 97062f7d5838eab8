// The API's client for commands about accounts and keys, and the audit trail of operations that need only one request.
#pragma once

#include "aps/aps.h"
#include "journal/journal.h"
#include "signer/client_secret.h"

// Makes a client with a two-legged access token that has these scopes. Warns of interrupted operations.
bool admin_client_open(const struct ssa_run *run, const char *scopes, struct oauth_client **client,
                       struct ssa_error *err) MUST_CHECK;

// The same with a client secret that is known.
bool admin_client_open_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                            struct oauth_client **client, struct ssa_error *err) MUST_CHECK;

// Writes down what will be done to the account, or to its key where kid is not NULL. The request is sent after that.
// Fails with SSA_CONFIG where that cannot be written: then the request must not be sent.
bool audit_begin(struct journal *j, const struct ssa_run *run, enum operation operation, const char *account,
                 const char *kid, struct ssa_error *err) MUST_CHECK;

// Writes the outcome: done, or the failure in err. Returns done.
bool audit_end(struct journal *j, bool done, const struct ssa_error *err);
