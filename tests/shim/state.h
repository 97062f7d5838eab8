/* Counters that outlive the process, in the file SSA_SHIM_STATE; without it, in memory. */
#ifndef SHIM_STATE_H
#define SHIM_STATE_H

enum state_change { STATE_READ, STATE_ADD, STATE_CLEAR };

/* Changes the counter and gives its new value. A key has no white space. */
unsigned long state_counter(const char *key, enum state_change change);

#endif
