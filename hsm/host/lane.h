// A thread of the host that signs beside the others, with a connection of its own.
#pragma once

#include "hsm/host/serve.h"

// Starts one for the connection that was passed with the request, and takes it over. Returns CKR_OK, or
// CKR_HOST_MEMORY.
CK_RV lane_start(struct host *first);
