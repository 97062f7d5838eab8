// The slots of a card that has such: one key in each, by a byte for its id.
#pragma once

#include <stdint.h>

#include "core/error.h"

struct token;

struct card_slot {
    uint8_t id;   // CKA_ID; 0 on a token whose keys have ids of their own
    char name[4]; // "9a" (NIST SP 800-73-4 part 1, table 4b)
    bool used;
};

// Whether a slot has to be chosen for a new key.
bool slot_must_be_chosen(const struct token *token);

// Looks whether a slot is used: by a key, its public half or a certificate. Keys are seen only by the user.
bool slot_look(struct token *token, uint8_t id, struct card_slot *slot, struct ssa_error *err) MUST_CHECK;

// Looks at all slots before anybody logs in, in a separate session: a slot counts as free when two sessions
// agree on it.
bool slot_survey(struct token *token, struct ssa_error *err) MUST_CHECK;

// Chooses the slot named wanted, the user being logged in, or for NULL the first free one that asks for a
// PIN. Fails with SSA_USAGE for a name that is not valid, and with SSA_CONFIG when all slots are used, or the
// named one is used and replace is false.
bool slot_choose(struct token *token, const char *wanted, bool replace, struct card_slot *slot,
                 struct ssa_error *err) MUST_CHECK;

// The name of the slot with this id; NULL for none.
const char *slot_name(uint8_t id);
