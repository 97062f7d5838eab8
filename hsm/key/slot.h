// The slots of a card. Each holds one key, whose id is the slot's byte.
#pragma once

#include <stdint.h>

#include "core/error.h"

struct token;

struct card_slot {
    uint8_t id;   // CKA_ID; 0 on a token whose keys have ids of their own
    char name[4]; // "9a" (NIST SP 800-73-4 part 1, table 4b)
    bool used;
};

// Whether the token is a card with slots, so that a slot must be chosen for a new key.
bool slot_must_be_chosen(const struct token *token);

// Looks whether a slot is used by a key, its public half or a certificate. Only a user who is logged in sees keys.
bool slot_look(struct token *token, uint8_t id, struct card_slot *slot, struct ssa_error *err) MUST_CHECK;

// Looks at all slots before anybody logs in, in a separate session. A slot counts as free only when both sessions see
// it empty.
bool slot_survey(struct token *token, struct ssa_error *err) MUST_CHECK;

// Chooses the slot named wanted; where that is NULL, the first free one that asks for a PIN. The user must be logged
// in. Fails with SSA_USAGE for a name that is not valid, and with SSA_CONFIG where all slots are used, or the named one
// is used and replace is false.
bool slot_choose(struct token *token, const char *wanted, bool replace, struct card_slot *slot,
                 struct ssa_error *err) MUST_CHECK;

// The name of the slot with this id; NULL for none.
const char *slot_name(uint8_t id);
