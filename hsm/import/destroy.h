// Destroying a key that was imported.
#pragma once

#include "hsm/key/key.h"

struct token;

// Destroys what key_import made. What could not be destroyed stays in *key.
bool destroy_key(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err);
