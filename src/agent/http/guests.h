// The callers of the facade and the broker, as the file of the callers has them now: a change takes effect with the
// next request. And how often each of them asks.
#pragma once

#include <pthread.h>

#include "agent/callers/callers.h"
#include "core/file_mark.h"

enum {
    GUEST_PERIOD_MS = 60000,
    GUEST_REQUESTS_MAX = 600, // of one caller, within the period
    GUEST_FORCED_MAX = 2,     // of these, demands for a new access token although there is one
    GUEST_WRONG_MAX = 10,     // wrong secrets of one id
    GUEST_STRAY_MAX = 60      // ids that nobody has, all together
};

enum guest_count { GUEST_REQUESTS, GUEST_FORCED, GUEST_WRONG, GUEST_COUNTS };

// What one caller did.
struct guest_ledger {
    char name[CALLER_NAME_MAX]; // empty: the place is free
    struct {
        long long begun_ms;
        unsigned count;
    } counts[GUEST_COUNTS];
    unsigned long long handed_out, refused;
};

struct guests {
    pthread_mutex_t mutex;
    const char *path; // NULL: there are no callers
    void (*tell)(void *context, enum ssa_level level, const char *line);
    void *context;
    struct callers callers;
    struct file_mark file; // as it was read
    bool lacks;            // it could not be read for want of descriptors or memory, which was told
    struct guest_ledger ledgers[CALLERS_MAX], strays;
};

struct guests *guests_open(const char *path, void (*tell)(void *context, enum ssa_level level, const char *line),
                           void *context, struct ssa_error *err) MUST_CHECK;
void guests_close(struct guests *guests);

// Copies the caller with this id, if the secret is its own. Else false; *known says whether there is such an id, and
// then the name is in *entry.
bool guests_by_secret(struct guests *guests, struct span id, struct span secret, struct caller_entry *entry,
                      bool *known);

// Copies the caller with this name in its certificate.
bool guests_by_san(struct guests *guests, struct span san, struct caller_entry *entry);

// Counts once more, at monotonic_ms. False where that is too often; *wait_ms is what is left of the period then. name
// NULL: of those whom nobody knows.
bool guests_allow(struct guests *guests, const char *name, enum guest_count what, long long now_ms, long long *wait_ms);

// For the status: an access token was handed out to a caller, or a request was refused.
void guests_note(struct guests *guests, const char *name, bool handed_out);
