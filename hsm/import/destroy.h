// Destroying a key that was imported.
#pragma once

#include "hsm/key/key.h"

struct token;

// Destroys a key that import_key made. Objects that could not be destroyed stay in *key.
bool destroy_key(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err);
