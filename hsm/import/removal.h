// The command line that removes a key.
#pragma once

#include "hsm/key/key.h"

struct token;

#define KEY_REMOVAL_MAX 1024U
// Writes the command line that removes the objects that are left of a key; empty where none are.
void removal_command(const struct token *token, const struct key *key, const struct key_name *name,
                     char out[static KEY_REMOVAL_MAX]);
