/* Counters that outlive the process, in the file SSA_SHIM_STATE; without it, in memory. */
#pragma once

enum state_change { STATE_READ, STATE_ADD, STATE_CLEAR };

/* Changes the counter and gives its new value. A key has no white space. */
unsigned long state_counter(const char *key, enum state_change change);
