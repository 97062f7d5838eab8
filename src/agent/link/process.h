// The signer as a process: started with nothing but what it needs.
#pragma once

#include "agent/link/link.h"
#include "core/helper.h"

// What a signer is told when it is started: its arguments, in this order.
enum signer_argument {
    SIGNER_NAME,       // the program's, for modules that go by it (pkcs11.conf(5))
    SIGNER_SOCKET,     // the number of its end of the connection
    SIGNER_PIN_SOCKET, // the path where it listens
    SIGNER_PROFILE,    // empty: the usual one
    SIGNER_FLAGS,      // letters; see below
    SIGNER_ARGUMENTS
};
#define SIGNER_LOCKED_FLAG    'l' // it begins locked
#define SIGNER_PIN_RETRY_FLAG 'r' // a stored PIN is tried although it failed before

// Fails with SSA_UNEXPECTED.
bool signer_process_start(struct helper *signer, const struct link_config *config, bool locked, bool pin_retry,
                          struct ssa_error *err) MUST_CHECK;
