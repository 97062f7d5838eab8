// The key of rehearsals. For hsm alone.
#pragma once

#include "core/rsa_key.h"

// The key of rehearsals, which is no secret: *numbers points into *der, which the caller frees.
bool rehearsal_key(struct secret *der, struct rsa_key *numbers, struct ssa_error *err) MUST_CHECK;
