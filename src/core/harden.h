// Hardening of the process. Only programs do this, never the library.
#pragma once

// From now on the process writes no core dumps and no log of TLS keys (SSLKEYLOGFILE), and other processes of the user
// cannot trace it. Standard descriptors that are closed are occupied, so that no file that is opened later gets their
// numbers.
void harden(void);

// Restores core limit and environment for a program that replaces us.
void harden_release(void);

// The same for one that we start: restores the core limit (we still write no core dump), and returns the entry of the
// environment that was taken away. NULL where there was none.
const char *harden_release_child(void);
