// The record of failed unattended PIN tries, one file a token under the state folder, or, where that cannot
// be written, in another place of the user's (flow/keeping.h).
//
// The record is made before the try and removed after a right one, so that a process that dies in between, a
// disk that fills up, or a service manager that starts us again cannot turn one wrong PIN into several tries.
// docs/decisions/004-pin-record.md says which record lets a further try pass.
#ifndef SSA_PIN_ATTEMPTS_H
#define SSA_PIN_ATTEMPTS_H

#include "config/paths.h"
#include "core/error.h"
#include "hsm/token/pin_giver.h"
#include "pin/attempts_record.h"

struct pin_attempt {
    char path[PATH_TEXT_MAX];
    int fd; // open (and locked, where that can be) while a try is under way; -1 where nothing can be recorded
    bool unanswered;               // an earlier try was not answered, so that the PIN may be right
    bool follows;                  // one that was not answered, with the same PIN
    struct pin_record before, now; // the former stands again if this try is none
};

// Before an unattended try. identity says which PIN it will be ("" where that cannot be told): a record of
// another one does not count. Fails with SSA_PIN where a try must not be made; retry (--pin-retry) overrides
// the record. Concurrent tries with one token wait for each other here.
bool pin_attempt_begin(struct pin_attempt *state, const struct token_info *info, const char *identity,
                       bool retry, const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

// After it. A try that was not begun here (a signature's own login) is recorded with pin_attempt_record.
void pin_attempt_end(struct pin_attempt *state, enum pin_outcome outcome);

// Records a try outside of begin and end that was refused, or not answered; false where that cannot be done.
bool pin_attempt_record(const struct token_info *info, const char *identity, enum pin_outcome outcome);

// How many wrong PINs may have been given here since the last right one: those that a person mistyped and
// those that were not answered. Some tokens lock without ever having shown a flag.
unsigned pin_attempts_count(const struct token_info *info);

// How many of them were tries that were not answered.
unsigned pin_attempts_unanswered(const struct token_info *info);

// Counts so many wrong PINs more, on a token that is known to lock after some.
void pin_attempts_add(const struct token_info *info, unsigned tries);

// After a right PIN that a person gave.
void pin_attempts_forget(const struct token_info *info);

// How near the token is to locking, by its flags: more is nearer.
unsigned pin_level(const struct token_info *info);

#endif
