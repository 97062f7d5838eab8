// What the commands about the callers of an agent share.
#pragma once

#include "agent/callers/callers.h"
#include "config/paths.h"

// The file of the callers, which an agent of this user reads: callers.json in the configuration folder.
bool caller_path(char path[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
