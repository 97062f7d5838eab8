// The inside of the service, for its own files.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

#include "agent/cache/cache.h"
#include "agent/link/link.h"
#include "agent/service/budget_file.h"
#include "agent/service/service.h"
#include "config/settings.h"
#include "config/signer_settings.h"
#include "core/file_mark.h"
#include "signer/client_secret.h"

enum {
    LOOK_MS = 5000,         // how often a signer is asked how it is, where nothing else was asked
    QUICK_LOOK_MS = 500,    // the same while a person is about to unlock it
    QUICK_LOOKS_MS = 60000, // how long that is
    REFRESH_MS = 200,       // how often the files are looked at, at most, when a caller is refused
    LINK_LOOK_MS = 10000,   // the longest wait for such an answer
    LINK_ORDER_MS = 30000,  // for logging in or out
    LINK_SIGN_MS = 60000,   // for a signature, which may need a touch
    ORDER_WAIT_MS = 45000,  // how long service_lock and service_unlock wait
    WORKER_STACK = 1024 * 1024,
    PIN_SOCKET_MAX = 108, // sockaddr_un
    ADDRESS_MAX = 2048,
    NOTE_MAX = 600
};

// Something that a worker is to do once. Under the mutex.
struct order {
    bool wanted;
    unsigned long begun, done; // how many were
    struct ssa_error err;      // of the last one
};

// What the outside needs of a profile's settings.
struct profile_facts {
    char client_id[LINK_NAME_MAX], account[LINK_NAME_MAX], base_url[ADDRESS_MAX];
    char scope[ACCESS_SCOPE_MAX];  // a set
    char budget[FINGERPRINT_TEXT]; // budget_name of the first and the third
};

struct profile {
    struct service *service;
    size_t index;
    const char *name; // as it was given; NULL: the usual one
    char pin_socket[PIN_SOCKET_MAX];
    struct signer_link *link;
    struct signer_environment environment; // of the signer; the link borrows it
    bool works;                            // there is a thread
    pthread_t worker;
    pthread_cond_t work;

    // The worker's alone.
    struct ssa_run run;
    struct ssa_settings *settings;
    struct file_mark file, secret_file;
    bool lacks; // the file could not be read for want of descriptors or memory, which was told
    struct client_secret secret;
    struct secret assertion;                // one that did not reach the API; empty: there is none
    char assertion_scope[ACCESS_SCOPE_MAX]; // that it is for
    long long assertion_until;              // by boot_ms

    atomic_bool dropped; // what is in flight is of no use any more

    // Under the mutex.
    struct profile_facts facts;
    unsigned long facts_number; // which ones they are: it changes with the service account
    bool locked_by_order;
    struct link_status status;
    struct order lock, unlock;
    bool lock_is_last;  // of both orders
    bool pin_retry;     // the next unlocking may try a PIN that was wrong before
    bool forget_secret; // one that came from the PKCS#11 token
    long long asked_at; // the last demand, by boot_ms
    long long look_at, quick_until, refreshed_at;
    struct ssa_error last;
    bool failed_by_look;
    long long failed_at; // seconds since the epoch
    bool note_is_there;  // a message for the log
    enum ssa_level note_level;
    char note[NOTE_MAX];
};

// Somebody who waits.
struct asking {
    struct cache_waiter waiter; // the first member
    void (*later)(void *context, struct outcome *outcome);
    void *context;
    const struct profile *profile;
    unsigned long facts_number;
    bool differs; // when he is answered
    bool named;   // he has said what he takes for the profile's, and that was right then
};

struct service {
    struct service_config config;
    struct profile profiles[SERVICE_PROFILES_MAX];
    size_t profile_count;
    bool clocks; // there is a thread for the waits
    pthread_t clock;
    atomic_bool stopping;

    // Held for moments only.
    pthread_mutex_t mutex;
    pthread_cond_t tick;    // wakes the clock
    pthread_cond_t changed; // an order was carried out, or a caller has left
    struct cache *cache;
    char budgets[CACHE_PROFILES_MAX][FINGERPRINT_TEXT]; // their names
    struct budget_file budget_file;
    struct asking *spare;
    struct service_counts counts;
    long long clock_at; // when the clock wakes
    unsigned inside;    // callers that use a link
};

// service.c
void service_enter(struct service *service);
void service_leave(struct service *service);

// With the mutex: lets it go while those are answered and the notes are told.
void service_answer(struct service *service, struct cache_answers *answers);
// A message for the log. It is told when the mutex is unlocked.
void profile_note(struct profile *p, enum ssa_level level, const char *line, ...) __attribute__((format(printf, 3, 4)));
// With the mutex: waits until a time of boot_ms, but not for long.
void service_wait(struct service *service, pthread_cond_t *condition, long long until);

const char *profile_shown(const struct profile *p);
// The profile that a demand means. Fails with SSA_CONFIG.
struct profile *service_find(struct service *service, const char *name, struct ssa_error *err);

// profile_signer.c
// With the mutex: whether nothing is handed out.
bool profile_is_locked(const struct profile *p);
void profile_locked_error(const struct profile *p, struct ssa_error *err);
// With the mutex; lets it go for moments. by_worker: the status is newer than what the worker did last.
void profile_apply(struct profile *p, const struct link_status *status, bool by_worker);
// Without the mutex: tells of a signature.
void profile_signed(struct profile *p, const char *scope, bool done, long long took_ms);
// Without the mutex: logs the signer out, which ends all other waits for it.
void profile_lock_signer(struct profile *p);

// profile_assertion.c. By the worker, or when there is none.
// Returns whether there is one for these scopes. Any other is wiped.
bool profile_assertion_take(struct profile *p, const char *scope, struct secret *assertion) MUST_CHECK;
// Takes *assertion over. until: when it is too old, by boot_ms.
void profile_assertion_keep(struct profile *p, const char *scope, struct secret *assertion, long long until);
void profile_assertion_drop(struct profile *p);

// profile_settings.c. By the worker, or before there is one.
bool profile_load(struct profile *p, struct ssa_error *err) MUST_CHECK;
// Without the mutex: reads again what has changed on the disk. Returns whether something has.
bool profile_refresh(struct profile *p);
void profile_unload(struct profile *p);

// profile_secret.c.
bool profile_secret_load(struct profile *p, struct ssa_error *err) MUST_CHECK;
// Reads it if it is not in memory.
bool profile_secret_ready(struct profile *p, struct ssa_error *err) MUST_CHECK;
// Reads it again where its file has changed. Returns whether it is another one.
bool profile_secret_refresh(struct profile *p);
// The API has refused it. Returns whether there is another one now.
bool profile_secret_refused(struct profile *p);
// Forgets it, unless it could not be read again.
void profile_secret_drop(struct profile *p);
// Wipes it where it came from a PKCS#11 token, and an assertion in any case.
void profile_secret_forget(struct profile *p);

// fetch.c
struct fetched {
    struct access *access; // NULL: it failed
    enum cache_failure kind;
    bool common;
    struct ssa_error err;
    struct cache_sent sent;
    bool asked_link; // status is filled
    struct link_status status;
    bool signed_one, signing_failed;
    long long signing_ms;
};
// Without the mutex, by the worker: one signature at most, and one request.
void profile_fetch(struct profile *p, const char *scope, struct fetched *fetched);

// worker.c
void *profile_work(void *profile);

// lock.c. With the mutex; lets it go for moments.
void profile_order_lock(struct profile *p);

// service_budget.c
// Reads what an earlier agent has kept.
void service_budgets_open(struct service *service);
void service_budgets_close(struct service *service);
// With the mutex: the profile has this budget from now on.
void profile_take_budget(struct profile *p, size_t budget);
// Without the mutex: writes what the next agent has to know.
void service_budget_keep(struct service *service, size_t budget);

// clock.c
void *service_clock(void *service);
