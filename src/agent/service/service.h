// The agent's work, whoever asks for it: profiles, their signers, and the cache of access tokens. The HTTP side
// (agent/http) hands requests in and is told the outcome. All functions may be called by any thread.
#pragma once

#include "agent/cache/access.h"
#include "agent/link/message.h"
#include "core/api.h"

enum { SERVICE_PROFILES_MAX = 8, SERVICE_PATIENCE_MS = 60000 };

struct service;

// Borrowed while the service runs.
struct service_config {
    const char *const *profiles; // names; NULL: the usual one, which comes after the environment; the first one is
                                 // meant where a request names none
    size_t profile_count;        // at least 1
    const char *folder;          // where the signers' PIN sockets are made: NAME.pin in it
    const char *prefix;          // of these names, for an agent that shares its folder with others; may be NULL
    const char *kept;            // the folder of what the next agent has to know; NULL: there is no next one
    bool locked;                 // starts locked: it does not log in before somebody unlocks it
    unsigned lock_after;         // seconds without a request, after which it locks; 0: never
    struct ssa_run run;          // settings of the environment; timeouts; callbacks.ask_secret asks for a client secret
    // Is told of each signature. May be NULL. Runs on a thread of the service, or of the caller of service_assertion.
    void (*signed_one)(void *context, const char *profile, const char *scope, bool done, long long took_ms);
    // Messages for the log. May be NULL.
    void (*tell)(void *context, enum ssa_level level, const char *line);
    void *context;
};

// Reads all profiles and their client secrets, and starts. Does not unlock. Fails with SSA_CONFIG.
bool service_start(const struct service_config *config, struct service **service, struct ssa_error *err) MUST_CHECK;
// Answers all who wait with a failure, ends the signers, and wipes all secrets. The functions below may still be called
// afterwards, and fail; so whoever calls them can be stopped later.
void service_stop(struct service *service);
// After service_stop, and when nobody calls any function of it any more. service may be NULL.
void service_free(struct service *service);

// What a caller wants.
struct demand {
    const char *profile;                        // NULL or "": the first one
    const char *scope;                          // NULL or "": the profile's; separated by commas or spaces
    const char *within;                         // scopes that the caller may have (normalised); NULL: any
    unsigned min_ttl;                           // the least seconds for which it must be valid, else a new one is
                                                // fetched, and given even if the API lets it live shorter
    bool force;                                 // a new access token, whatever is there
    unsigned patience_ms;                       // the longest wait; 0 is SERVICE_PATIENCE_MS
    const char *client_id, *account, *base_url; // what the caller takes for the profile's; NULL: it does not say
};

struct outcome {
    struct access *access; // NULL where it failed; the receiver drops it
    bool fresh;            // it was fetched for this demand
    struct ssa_error err;  // where it failed
    unsigned retry_after;  // seconds after which another try may help; 0: not known
};

enum service_answer { SERVICE_DONE, SERVICE_LATER };

// Fills *outcome at once where the access token is there or cannot be had (SERVICE_DONE). Else (SERVICE_LATER) `later`
// is called exactly once, on another thread, perhaps before this returns. Fails with SSA_USAGE for a demand that cannot
// be understood, SSA_CONFIG with SSA_REASON_AGENT_PROFILE or SSA_REASON_AGENT_DIFFERS, SSA_PIN with
// SSA_REASON_AGENT_LOCKED, SSA_REFUSED with SSA_REASON_AGENT_REFUSES, SSA_RATE_LIMIT, and as a fetch does.
enum service_answer service_token(struct service *service, const struct demand *demand, struct outcome *outcome,
                                  void (*later)(void *context, struct outcome *outcome), void *context);
// Whoever asked with this context does not wait any more. Returns whether `later` will not be called for it: else it
// was called already, or is about to be.
bool service_give_up(struct service *service, const void *context);

// Signs an assertion and sends nothing: for the program's `jwt`. Waits for the signer: not for a thread that serves
// others.
bool service_assertion(struct service *service, const struct demand *demand, unsigned lifetime, bool not_before,
                       struct secret *assertion, struct ssa_error *err) MUST_CHECK;

// Forgets all access tokens and logs out; profile NULL means all profiles. This and the next two wait for the signer:
// not for a thread that serves others.
bool service_lock(struct service *service, const char *profile, struct ssa_error *err) MUST_CHECK;
// Logs in where no person is needed, and looks at once whether somebody has unlocked a signer by its PIN socket. Fails
// with SSA_PIN and SSA_REASON_AGENT_LOCKED (detail: the PIN socket) where a person must do it.
bool service_unlock(struct service *service, const char *profile, struct ssa_error *err) MUST_CHECK;
// The same; a stored PIN is tried once although it was wrong before.
bool service_retry(struct service *service, const char *profile, struct ssa_error *err) MUST_CHECK;

struct profile_status {
    const char *name;       // borrowed from the config
    const char *pin_socket; // its path; borrowed
    bool locked;            // nothing is handed out
    struct link_status signer;
    unsigned long signer_starts;
    size_t entries, waiting; // of the cache; callers that wait
    struct ssa_error last;   // the last failure; code 0 where the last fetch went well
    long long failed_at;     // seconds since the epoch; 0: never
    unsigned budget_left;    // requests that may still be sent within this minute
};

// One access token of the cache, without the token itself.
struct entry_status {
    const char *profile; // borrowed from the config
    char scope[ACCESS_SCOPE_MAX];
    long long expires, renews; // seconds since the epoch; 0: there is none, or it is not renewed
    bool in_flight;
};

struct service_counts {
    unsigned long long served, from_cache, fetched, renewed, failed, signatures, upstream_requests, rate_limited;
};

size_t service_profile_count(const struct service *service);
void service_profile_status(struct service *service, size_t profile, struct profile_status *status);
// Copies at most `most` entries, and returns how many there are.
size_t service_entries(struct service *service, struct entry_status *entries, size_t most);
struct service_counts service_counts(struct service *service);
