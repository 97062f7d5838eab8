// The record of failed unattended PIN tries, one file a token under the state folder.
//
// The record is made before the try and removed after a right one, so that a process that dies in between, a
// disk that fills up, or a service manager that starts us again cannot turn one wrong PIN into several tries.
#ifndef SSA_FLOW_PIN_STATE_H
#define SSA_FLOW_PIN_STATE_H

#include "core/error.h"
#include "flow/paths.h"
#include "hsm/token.h"

#define PIN_RECORD_MAX 1024U

struct pin_state {
    char path[PATH_TEXT_MAX];
    int fd;                      // locked while a try is under way; -1 where the state cannot be written
    bool recorded;               // there was a failed try before
    bool unanswered;             // which the token did not answer, so that the PIN may be right
    char before[PIN_RECORD_MAX]; // its identity: the record stands again if this try is none
};

// Before an unattended try. identity says which PIN it will be ("" where that cannot be told): a record of
// another one does not count. Fails with SSA_PIN where a try must not be made; retry (--pin-retry) overrides
// the record. Concurrent tries with one token wait for each other here.
bool pin_state_begin(struct pin_state *state, const struct token_info *info, const char *identity, bool retry,
                     const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

// After it. A try that was not begun here (a signature's own login) is recorded with pin_state_spent.
void pin_state_end(struct pin_state *state, enum pin_outcome outcome);

// Records a try outside of begin and end that was refused, or not answered.
void pin_state_spent(const struct token_info *info, const char *identity, enum pin_outcome outcome);

// How many wrong PINs a person has given here since the last right one, and one more of them: some tokens
// lock without ever having shown a flag.
unsigned pin_state_count(const struct token_info *info);
void pin_state_mistyped(const struct token_info *info);

// After a right PIN that a person gave.
void pin_state_forget(const struct token_info *info);

#endif
