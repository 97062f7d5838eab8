// Who unlocks the signer, and the questions that go to them.
#pragma once

#include "agent/signer/process.h"

// Takes one who has come, and has the signer opened with their help. Others are turned away meanwhile.
void unlocker_serve(struct signer_process *p);

// The callbacks of the login.
bool unlocker_ask_secret(void *process, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err);
bool unlocker_confirm(void *process, const char *question);
// Tells the person what happens.
void unlocker_tell(struct signer_process *p, enum ssa_level level, const struct ssa_notice *notice);
