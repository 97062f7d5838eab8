// Objects with nothing in them: what is left where a module is killed as it writes one (SoftHSM writes the
// file of an object several times until all of it is there). For this folder alone.
#ifndef SSA_HSM_EMPTY_H
#define SSA_HSM_EMPTY_H

#include "hsm/pkcs11.h"

// Of which kind they would have been; one that has not even a class may have been of any.
enum empty_kind { EMPTY_DATA, EMPTY_KEYS };

// How many there are; EMPTY_UNKNOWN where the token holds too many objects to be counted.
bool empty_count(struct token *token, enum empty_kind kind, size_t *count, struct ssa_error *err) MUST_CHECK;

// Destroys one of them, where there are more than before: which one does not matter. *left: how many there
// are then.
bool empty_destroy(struct token *token, enum empty_kind kind, size_t before, bool *destroyed, size_t *left,
                   struct ssa_error *err) MUST_CHECK;

#endif
