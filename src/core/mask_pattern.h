// What looks like a secret. Internal to mask.c.
#pragma once

#include "core/mask_work.h"

void mask_hide_patterns(struct mask_work *w);
