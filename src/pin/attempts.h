// Unattended PIN tries, each recorded before it is made.
//
// The record is made before the try, and removed after a right PIN. So a process that dies in between, a disk
// that fills up, or a service manager that starts us again cannot turn one wrong PIN into several tries.
// docs/decisions/004-pin-record.md says which record allows a further try.
#pragma once

#include "core/error.h"
#include "pin/attempts_file.h"
#include "pin/attempts_record.h"

struct pin_attempt {
    struct pin_file file;          // open while the try is under way, unless nothing can be recorded
    bool follows;                  // an unanswered try with the same PIN
    struct pin_record before, now; // the former is written again if no try was made
};

// Before an unattended try. identity says which PIN it will be ("" where that is not known): a record of
// another PIN does not count. retry (--pin-retry) overrides the record. Waits for other processes that try a
// PIN on this token. Fails with SSA_PIN where no try may be made; the reason is SSA_REASON_PIN_WAS_TRIED, or
// SSA_REASON_PIN_UNANSWERED where it is the token that did not answer.
bool pin_attempt_begin(struct pin_attempt *attempt, const struct token_info *info, const char *identity, bool retry,
                       const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

// After the try.
void pin_attempt_end(struct pin_attempt *attempt, enum pin_outcome outcome);

// Records a try that was not begun here (a signature's own login), and was refused or not answered. False
// where that cannot be done.
bool pin_attempt_record(const struct token_info *info, const char *identity, enum pin_outcome outcome);
