/* Counters that outlive the process, in the file SSA_SHIM_STATE; without it, in memory. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum state_change { STATE_READ, STATE_ADD, STATE_CLEAR };

/* Changes the counter and gives its new value. A key has no white space. */
unsigned long state_counter(const char *key, enum state_change change);

/* Does the same for a counter of the program alone, which may have its module loaded by one process after another. */
unsigned long state_of_program(const char *key, enum state_change change);

/* Whether this process is not the program, but has the module loaded for it. */
bool state_is_hosted(void);
/* The program's number. */
pid_t state_program(void);
