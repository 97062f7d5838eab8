// An access token that the agent holds, as it is handed out: it never changes, and is freed when its last user is done.
#pragma once

#include "core/error.h"
#include "core/secret.h"

enum {
    ACCESS_SCOPE_MAX = 4096,
    ACCESS_LEAST_MS = 1000 // what is left of one that is handed out, since its end is told in seconds
};

struct access {
    struct secret token;          // in locked memory
    char scope[ACCESS_SCOPE_MAX]; // that it is for, separated by spaces
    const char *type;             // "Bearer"
    long long obtained_ms;        // by boot_ms (core/boot_clock.h)
    long long ends_ms;            // by boot_ms
    long long expires;            // seconds since the epoch, for people
};

// Makes one, with one user. The token is copied. NULL where there is no memory.
struct access *access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                          struct ssa_error *err);
struct access *access_keep(struct access *access);
void access_drop(struct access *access);

// Whether it can be handed out; NULL can not.
bool access_is_usable(const struct access *access, long long now);
