// For whom a module is loaded.
#pragma once

#include "core/error.h"

// All borrowed, for as long as the module's process lives.
struct hosting {
    const struct ssa_callbacks *callbacks; // asked whether to stop; they hear what the module prints (SSA_DETAIL)
    // Whether the module must not have this variable of the environment; NULL: it has all of them.
    bool (*withheld)(const void *context, const char *name);
    const void *context;
    unsigned patience_ms; // for each call, where the callbacks say no less; 0: what they say
};

#define HOST_PATH_MAX 4096U

// Starts the program that loads modules, and ends it. path becomes that of its file. Fails with SSA_UNEXPECTED.
bool hosting_check(const struct hosting *hosting, char path[static HOST_PATH_MAX], struct ssa_error *err) MUST_CHECK;
