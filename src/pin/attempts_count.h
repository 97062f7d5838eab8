// How near a PKCS#11 token is to locking. This is known from its flags, and from the wrong PINs that were counted on
// this machine, since some tokens lock without showing a flag before.
#pragma once

#include "hsm/token/pin_giver.h"
#include "pin/attempts_file.h"

// How near it is by its flags. A larger number is nearer.
unsigned pin_level(const struct token_info *info);

// Whether the flags show that no unanswered try of the record had a wrong PIN: this kind of token sets a flag after the
// first wrong PIN, and none is set.
bool pin_record_is_settled(const struct pin_record *record, const struct token_info *info);

// How many tries were not answered since the last right PIN.
unsigned pin_attempts_unanswered(const struct token_info *info);

// How many wrong PINs there may have been since then: mistyped ones, and unanswered tries.
unsigned pin_attempts_count(const struct token_info *info);

// Whether one more wrong PIN could lock the token.
bool pin_is_last_try(const struct token_info *info);

// Adds to the count of wrong PINs, for a token that is known to lock after some number of them.
void pin_attempts_add(const struct token_info *info, unsigned tries);

// After a right PIN: removes the count and the record.
void pin_attempts_forget(const struct token_info *info);
