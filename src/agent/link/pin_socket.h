// How a person's PIN reaches a signer without passing the agent: the signer listens on a Unix socket of its own, and
// who unlocks it (`pin_socket_unlock`, in the process that has the terminal) answers its questions there. The signer
// takes only callers of its own user (SO_PEERCRED), one at a time.
#pragma once

#include "core/error.h"

// Unlocks the signer behind a socket. Its questions (a PIN, a yes to the last try) go to the callbacks, and so do its
// messages. Returns when the signer is open, or with the reason why it is not, as ssa_signer_open has it. Fails with
// SSA_ABSENT where nobody listens.
bool pin_socket_unlock(const char *path, const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;
