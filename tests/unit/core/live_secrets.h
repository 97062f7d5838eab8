// How many secret buffers there are: a test that wraps secret_new and secret_free sees whether one is left.
#pragma once

#include "core/secret.h"

extern size_t live_secrets;

bool __real_secret_new(struct secret *s, size_t capacity, struct ssa_error *err);
bool __wrap_secret_new(struct secret *s, size_t capacity, struct ssa_error *err);
void __real_secret_free(struct secret *s);
void __wrap_secret_free(struct secret *s);
