// The keyring that the kernel keeps for this user (user-keyring(7)): short secrets that are never on a disk, are wiped
// when their time is over, and can be read by no other user. docs/decisions/013-keyring.md says why this keyring.
#pragma once

#include "core/secret.h"

enum {
    KEYRING_BYTES_MAX = 32767, // of a key of the type "user"
    KEYRING_NAME_MAX = 64,     // with the NUL; the kernel allows 4096
};

// Appends what the keyring has under this name to *out, which is empty and has room for KEYRING_BYTES_MAX. Where there
// is nothing, or nothing that can be read, *out stays empty. Fails with SSA_UNEXPECTED where the keyring cannot be
// used: the kernel or a sandbox refuses it, or libkeyutils is missing.
bool keyring_read(const char *name, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Puts the bytes there for so many seconds, in place of what was there. Another process sees the old bytes or the new
// ones, and nothing between. Fails with SSA_UNEXPECTED where the keyring cannot be used or is full.
bool keyring_store(const char *name, struct span bytes, unsigned seconds, struct ssa_error *err) MUST_CHECK;
