// What the keyring has for one access token: the API's answer with it, whose it is, and how long it is valid. Whoever
// runs as this user can put other bytes there.
#pragma once

#include "core/secret.h"
#include "keyring/keyring.h"

// A longer time is not believed.
enum { KEYRING_SECONDS_MAX = 24 * 60 * 60 };

// A point in time by two clocks, in seconds: the date, which may be set, and the time since the machine was started,
// which a machine that was stopped and restored does not know.
struct keyring_time {
    long long date, running;
};

struct keyring_entry {
    struct span identity; // whose access token for what it is
    struct span answer;
    struct keyring_time end; // of its validity
};

struct keyring_time keyring_now(void);

// The name of the entry for an identity.
void keyring_entry_name(struct span identity, char name[static KEYRING_NAME_MAX]);

// Writes it to the empty *out. False where it does not fit.
bool keyring_entry_write(const struct keyring_entry *entry, struct secret *out) MUST_CHECK;

// Takes it apart; what *entry has is borrowed from bytes. False for anything else than what keyring_entry_write has
// written.
bool keyring_entry_read(struct span bytes, struct keyring_entry *entry) MUST_CHECK;

// The seconds for which it is still valid by both clocks; 0 where it is not, and for a time that is not believed.
unsigned keyring_entry_left(const struct keyring_entry *entry, struct keyring_time now);
