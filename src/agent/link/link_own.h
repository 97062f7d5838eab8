// The inside of a link. For this folder alone.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "agent/link/backoff.h"
#include "agent/link/process.h"
#include "core/file_mark.h"

struct signer_link {
    struct link_config config;
    atomic_ulong starts;
    atomic_uint lockers; // who want to lock it: nobody else waits for the signer meanwhile

    pthread_mutex_t mutex;
    pthread_cond_t free; // by the clock of monotonic_ms
    bool busy;           // somebody has the turn, which makes one call at a time

    struct helper signer;      // pid 0: there is none
    struct file_mark pin_file; // its PIN socket, once it has said something
    struct backoff backoff;
    bool locked;     // until somebody unlocks it, also if another signer is started meanwhile
    bool given_up;   // a signer died while it tried a PIN, and there is no record of that
    bool tries_pin;  // of the call under way
    bool recorded;   // that try has a record
    bool under_way;  // a call was sent and not answered
    long long since; // when
    uint64_t number; // of the last call that was sent. No other signer's call has had it, either
    unsigned stages; // that were told of it
    unsigned long deaths;
    struct ssa_error fault; // why the last one has ended itself; code 0 where it did not
    struct secret message;  // the request, then the answer

    pthread_mutex_t knowing; // never for long
    struct link_status known;
};

// Tells whoever has the link open.
void link_say(const struct signer_link *link, enum ssa_level level, const char *line, ...)
    __attribute__((format(printf, 3, 4)));

// What is known of the signer.
void link_know_state(struct signer_link *link, enum signer_state state);
struct link_status link_known(struct signer_link *link);

// The rest is for whoever has the turn.

// Removes the PIN socket of a signer that was killed.
void link_remove_pin_file(const struct signer_link *link);
// Ends the signer, and notes its death.
void link_bury(struct signer_link *link, int patience_ms);
// Notes the death of one that ended while nothing was asked of it.
void link_look_for_death(struct signer_link *link);

// Sends a request to the signer that runs. Fails with SSA_UNEXPECTED where it has died.
bool link_send(struct signer_link *link, const struct link_request *request, struct ssa_error *err) MUST_CHECK;
// Receives the answer of the call under way, for a caller that locks or does not.
bool link_receive(struct signer_link *link, bool locks, long long deadline, struct link_answer *answer,
                  struct ssa_error *err) MUST_CHECK;
// Waits for the answer of a call that its caller gave up, and drops it.
bool link_finish_earlier(struct signer_link *link, bool locks, long long deadline, struct ssa_error *err) MUST_CHECK;

bool link_refuse_given_up(struct ssa_error *err);
bool link_refuse_locked(struct ssa_error *err);
bool link_too_late(struct ssa_error *err);
