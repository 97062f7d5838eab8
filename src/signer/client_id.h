// The client id.
#ifndef SSA_SIGNER_CLIENT_ID_H
#define SSA_SIGNER_CLIENT_ID_H

#include "core/error.h"

// Reads it from the settings. Fails with SSA_CONFIG where it is not set or cannot be one.
bool api_client_id(const struct ssa_run *run, const char **client_id, struct ssa_error *err) MUST_CHECK;

#endif
