// What is on a token for a moment alone.
#ifndef SSA_HSM_IMPORT_THROWAWAY_H
#define SSA_HSM_IMPORT_THROWAWAY_H

#include "core/error.h"

struct token;

// Id and label of all that a rehearsal and a wrapped import put on the token for a moment: session objects,
// of which some tokens make objects that stay. One of a run alone is known again.
void token_name_throwaway(struct token *token, const char *name);

// Destroys what is on the token under exactly this name, as objects that stay. *destroyed: how many. Fails
// with SSA_TOKEN, also where something is left.
bool token_destroy_throwaway(struct token *token, const char *name, size_t *destroyed,
                             struct ssa_error *err) MUST_CHECK;

// After a rehearsal: whether nothing of it can be left on the token.
bool token_throwaway_is_gone(const struct token *token);

// Notes that something throwaway may be left, and takes away what is found.
void throwaway_settle(struct token *token, bool on_token);

#endif
