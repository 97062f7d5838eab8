// PIN tries without a person.
//
// Each try is recorded before it is made, and the record is removed after a right PIN. So one wrong PIN cannot become
// several tries: not where the process is killed, the disk is full, or a service manager starts the program again.
// docs/decisions/004-pin-record.md says which record allows another try.
#pragma once

#include "core/error.h"
#include "pin/attempts_file.h"

// So many tries in a row may go without an answer. All of them may have been wrong, and a card that locks after three
// wrong PINs still has one try left.
enum { PIN_UNANSWERED_MAX = 2 };

struct pin_attempt {
    struct pin_file file;          // open during the try, unless nothing can be recorded
    bool follows;                  // it comes after an unanswered try with the same PIN
    struct pin_record before, now; // the former is written again if no try was made
    bool kept;                     // the PIN was right, and the record is about another file now
};

// Begins a try. identity tells this PIN from another one ("" where that is not known): a record of another PIN does not
// count. With retry the record does not count at all. Waits for other processes that try a PIN on this PKCS#11 token.
// Fails with SSA_PIN where no try may be made. The reason is SSA_REASON_PIN_WAS_TRIED, or SSA_REASON_PIN_UNANSWERED
// where the token did not answer.
bool pin_attempt_begin(struct pin_attempt *attempt, const struct token_info *info, const char *identity, bool retry,
                       const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

// Whether pin_attempt_begin would allow a try. Nothing is recorded. Fails as it does.
bool pin_attempt_is_allowed(const struct token_info *info, const char *identity, bool retry,
                            const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

// Ends the try, and records its outcome.
void pin_attempt_end(struct pin_attempt *attempt, enum pin_outcome outcome);

// Records a try that pin_attempt_begin did not begin: a signature's own login. unanswered is how many such tries in a
// row came before it, whose record is gone, since the user's login was accepted after them. False where it cannot be
// recorded.
bool pin_attempt_record(const struct token_info *info, const char *identity, enum pin_outcome outcome,
                        unsigned unanswered);

// How near a PKCS#11 token is to locking, by its flags. A larger number is nearer. Some tokens lock without showing a
// flag before: so wrong PINs are counted on this machine, too.
unsigned pin_level(const struct token_info *info);

// How many tries were not answered since the last right PIN.
unsigned pin_attempts_unanswered(const struct token_info *info);

// How many wrong PINs there may have been since then: mistyped ones, and unanswered tries.
unsigned pin_attempts_count(const struct token_info *info);

// Whether one more wrong PIN could lock the token.
bool pin_is_last_try(const struct token_info *info);

// Adds to the count of wrong PINs, for a token that is known to lock after some number of them.
void pin_attempts_add(const struct token_info *info, unsigned tries);

// After a right PIN: removes the count and, unless that is to be kept, the record.
void pin_attempts_forget(const struct token_info *info, bool keep_record);
