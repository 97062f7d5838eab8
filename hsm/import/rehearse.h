// Whether a token takes a key, and in which way: shown with a throwaway one.
#ifndef SSA_HSM_IMPORT_REHEARSE_H
#define SSA_HSM_IMPORT_REHEARSE_H

#include "core/error.h"

struct token;

// Whether there is a rehearsal for this way: not for a card's slots.
bool token_rehearses(const struct token *token, enum ssa_import_way way);

// Shows by a throwaway session object, or, on_token, by one on it, that a token without slots takes a key and
// signs then; how it comes in, and what of the template an unknown token does not know, is remembered for the
// real one. The user is logged in. Fails with SSA_TOKEN where the token takes none in the ways that are
// allowed, with SSA_PIN where the key's own login is refused: that is tried once.
bool token_rehearse(struct token *token, enum ssa_import_way way, bool on_token,
                    struct ssa_error *err) MUST_CHECK;

// Whether a key that comes in is told which mechanisms it may be used with (CKA_ALLOWED_MECHANISMS). Where
// the token does not take that, raw RSA with the key decrypts, whatever its CKA_DECRYPT says.
bool token_limits_mechanisms(const struct token *token);

// How key_import is going to bring a key in, for people.
const char *token_import_way(const struct token *token, bool *wrapped);

#endif
