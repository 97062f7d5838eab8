// The keys of an account at the API and on PKCS#11 tokens, for the commands that list or show them.
#pragma once

#include "core/error.h"

// As ssa_key_list. key_id is the key that the person asks for, or NULL for all: a module that could not be looked at is
// told as a detail where every key that is meant was found without it.
bool key_list_about(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                    struct ssa_keys *keys, struct ssa_error *err) MUST_CHECK;
