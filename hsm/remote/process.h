// The host as a process: started with nothing but what the module needs. For this folder alone.
#pragma once

#include <sys/types.h>

#include "hsm/remote/remote.h"

// Descriptors are -1 where there is none.
struct host_process {
    pid_t pid;
    int socket;  // the requests and answers
    int process; // a pidfd
    int output;  // what the module prints
};

// Starts the host. Fails with SSA_UNEXPECTED.
bool host_process_start(struct host_process *p, const struct hosting *hosting, struct ssa_error *err) MUST_CHECK;

// Ends it, whatever it does, and gives its status as waitpid(2) does; 0 where it was killed by this.
int host_process_end(struct host_process *p, bool kill_it);
