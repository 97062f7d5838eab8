// PIN tries without a person.
//
// Each try is recorded before it is made, and the record is removed after a right PIN. So one wrong PIN cannot become
// several tries: not where the process is killed, the disk is full, or a service manager starts the program again.
// docs/decisions/004-pin-record.md says which record allows another try.
#pragma once

#include "core/error.h"
#include "pin/attempts_file.h"

struct pin_attempt {
    struct pin_file file;          // open during the try, unless nothing can be recorded
    bool follows;                  // it comes after an unanswered try with the same PIN
    struct pin_record before, now; // the former is written again if no try was made
};

// Begins a try. identity tells this PIN from another one ("" where that is not known): a record of another PIN does not
// count. With retry the record does not count at all. Waits for other processes that try a PIN on this PKCS#11 token.
// Fails with SSA_PIN where no try may be made. The reason is SSA_REASON_PIN_WAS_TRIED, or SSA_REASON_PIN_UNANSWERED
// where the token did not answer.
bool pin_attempt_begin(struct pin_attempt *attempt, const struct token_info *info, const char *identity, bool retry,
                       const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

// Ends the try, and records its outcome.
void pin_attempt_end(struct pin_attempt *attempt, enum pin_outcome outcome);

// Records a try that pin_attempt_begin did not begin: a signature's own login. False where it cannot be recorded.
bool pin_attempt_record(const struct token_info *info, const char *identity, enum pin_outcome outcome);
