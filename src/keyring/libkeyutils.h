// libkeyutils, which is loaded when it is needed first: few runs of the program need it.
#pragma once

#include <keyutils.h>

#include "core/error.h"

#define LIBKEYUTILS_FUNCTIONS(each)                                                                                    \
    each(add_key);                                                                                                     \
    each(keyctl_link);                                                                                                 \
    each(keyctl_read);                                                                                                 \
    each(keyctl_search);                                                                                               \
    each(keyctl_set_timeout);                                                                                          \
    each(keyctl_setperm)

struct libkeyutils {
#define LIBKEYUTILS_FIELD(name) __typeof__(&(name)) name
    LIBKEYUTILS_FUNCTIONS(LIBKEYUTILS_FIELD);
#undef LIBKEYUTILS_FIELD
};

// Loads it, once for all threads. NULL where that fails, with err filled (SSA_UNEXPECTED).
const struct libkeyutils *libkeyutils_load(struct ssa_error *err);
