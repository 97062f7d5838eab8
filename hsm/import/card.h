// Importing a key into a card's slot. For hsm alone.
#pragma once

#include "hsm/import/create.h"

struct token;

// The certificate that must follow an import at once, and the one that the key signs itself.
bool card_import(struct token *token, const struct creation *creation, const struct key_name *name, struct key *key,
                 struct ssa_error *err) MUST_CHECK;
bool card_certify(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;
