// The signer's login: opened, looked at, lost, locked.
#pragma once

#include "agent/signer/process.h"

// Before the first request. Reads nothing from the PKCS#11 token.
void login_begin(struct signer_process *p);

// Reads the profile anew where it was replaced. The login stays where the new key is on the same PKCS#11 token.
void login_follow_profile(struct signer_process *p);

// Makes sure that the user is logged in, where no person is needed for that and it is not locked. Fails with SSA_PIN
// and SSA_REASON_AGENT_LOCKED where it is.
bool login_make(struct signer_process *p, struct ssa_error *err) MUST_CHECK;
// Does that after a look whether a login that was there still stands.
bool login_look(struct signer_process *p, struct ssa_error *err) MUST_CHECK;
// With the person at p->unlocker, who may be asked.
bool login_with_person(struct signer_process *p, struct ssa_error *err) MUST_CHECK;

// After a failure of a signature: notes where the login is lost. What *err becomes tells the agent so.
void login_note_failure(struct signer_process *p, struct ssa_error *err);

// Logs out, and forgets the PIN.
void login_lock(struct signer_process *p);
// Takes back what keeps a PIN from being tried.
void login_allow(struct signer_process *p);
// At the end of the process.
void login_end(struct signer_process *p);

bool login_refuse(struct ssa_error *err);
