// What the program ssa-hsm uses of the code below src/cli. Other programs use ssa-hsm/signer.h, which is installed.
//
// No function prints. Questions and progress go through callbacks, and results are returned. PKCS#11 modules are never
// loaded into the caller's process. Each is loaded by a child process (ssa-hsm-host, started by posix_spawn), one for
// each module and thread. pinentry is a child process, too. No function forks without exec.
//
// Several threads may call functions at the same time, each with a struct ssa_run and settings of its own, and so may
// several processes. A callback must not call a function that takes a struct ssa_run: there, one that needs a PKCS#11
// token fails at once (SSA_USAGE).
//
// What asks the API fails with SSA_REFUSED or SSA_CREDENTIALS if the API refuses, and with SSA_NETWORK or
// SSA_RATE_LIMIT if the API could not be asked.
#ifndef SSA_HSM_H
#define SSA_HSM_H

#include "program/access_token.h"
#include "program/account.h"
#include "program/config.h"
#include "program/doctor.h"
#include "program/hsm.h"
#include "program/journal.h"
#include "program/key.h"
#include "program/new_key.h"
#include "program/project.h"
#include "program/rotation.h"
#include "program/secret.h"
#include "ssa-hsm/error.h"
#include "ssa-hsm/settings.h"
#include "ssa-hsm/signer.h"

#endif
