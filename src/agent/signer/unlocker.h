// Who unlocks the signer: its PIN socket, and the questions that go there.
#pragma once

#include "agent/signer/process.h"

// Listens at path, with mode 0600. Returns -1 with err filled.
int unlocker_listen(const char *path, struct ssa_error *err);

// Takes one who has come, and has the signer opened with their help. Others are turned away meanwhile.
void unlocker_serve(struct signer_process *p);
void unlocker_turn_away(struct signer_process *p);

// The callbacks of the login.
bool unlocker_ask_secret(void *process, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err);
bool unlocker_confirm(void *process, const char *question);
// Tells the person what happens.
void unlocker_tell(struct signer_process *p, enum ssa_level level, const struct ssa_notice *notice);
