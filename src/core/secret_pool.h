// Some buffers for secrets that are used again. To map, lock and unmap one takes longer than all else of an assertion
// but its signature. A buffer in the pool is wiped, and as well protected as any other.
#pragma once

#include "core/secret.h"

// As secret_new. Any secret may be given to the pool in place of secret_free.
bool secret_pool_take(struct secret *s, size_t capacity, struct ssa_error *err) MUST_CHECK;
void secret_pool_give(struct secret *s);
