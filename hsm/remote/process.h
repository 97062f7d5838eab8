// The host as a process: started with nothing but what the module needs. For this folder alone.
#pragma once

#include <sys/types.h>

#include "hsm/remote/remote.h"

// Descriptors are -1 where there is none, and pid is 0.
struct host_process {
    pid_t pid;
    int socket;  // the requests and answers of the first connection
    int process; // a pidfd
};

// Starts the host. *output reads what the module prints, and is the caller's to close. Fails with SSA_UNEXPECTED.
bool host_process_start(struct host_process *p, const struct hosting *hosting, int *output,
                        struct ssa_error *err) MUST_CHECK;

// Whether it has ended.
bool host_process_has_ended(const struct host_process *p);

// Ends it, whatever it does. Gives its status as waitpid(2) does where it ended by itself within that time, else
// HOST_KILLED. Its descriptors stay open: other threads may wait for them.
enum { HOST_KILLED = -1 };
int host_process_end(struct host_process *p, int patience_ms);
void host_process_close(struct host_process *p);

// Gives a descriptor a high number: a small one may be what a reference such as fd:3 is about to name.
int host_move_up(int fd);
