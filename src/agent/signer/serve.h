// The agent's requests.
#pragma once

#include "agent/signer/process.h"

// Answers one that has come.
void serve_request(struct signer_process *p);

// The same while somebody unlocks it: at once, with what is known. Nothing is asked of the PKCS#11 token.
void serve_meanwhile(struct signer_process *p);
// Answers a LINK_LOCK that came meanwhile.
void serve_lock(struct signer_process *p);

// Answers the first request with the reason why there is no other answer.
void serve_failure(struct signer_process *p, const struct ssa_error *err);

// Tells the agent that a PIN is about to be tried, or was.
void serve_stage(struct signer_process *p, enum link_stage stage);
