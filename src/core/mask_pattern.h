// What looks like a secret. Internal to mask.c.
#ifndef SSA_CORE_MASK_PATTERN_H
#define SSA_CORE_MASK_PATTERN_H

#include "core/mask_work.h"

void mask_hide_patterns(struct mask_work *w);

#endif
