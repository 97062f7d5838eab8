// Saying what is going on, through the callback.
#ifndef SSA_FLOW_TELL_H
#define SSA_FLOW_TELL_H

#include "ssa-hsm.h"

void tell(const struct ssa_callbacks *callbacks, enum ssa_level level, const char *line, ...)
    __attribute__((format(printf, 3, 4)));

bool interrupted(const struct ssa_callbacks *callbacks);

#endif
