// What the program, and never the library, does to its own process.
#ifndef SSA_CLI_HARDEN_H
#define SSA_CLI_HARDEN_H

// No core dumps, no log of TLS keys (SSLKEYLOGFILE), no tracing by other processes of the user; standard
// descriptors that were closed are made unusable instead of free, so that no file of ours ends up under their
// numbers.
void harden(void);

// Core limit and environment as they were found, for a program that takes our place.
void harden_release(void);

#endif
