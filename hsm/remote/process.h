// The host as a process: started with nothing but what the module needs. For this folder alone.
#pragma once

#include "core/helper.h"
#include "hsm/remote/remote.h"

// Starts the host. *output reads what the module prints, and is the caller's to close. Fails with SSA_UNEXPECTED.
bool host_process_start(struct helper *host, const struct hosting *hosting, int *output,
                        struct ssa_error *err) MUST_CHECK;
