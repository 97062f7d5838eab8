// Settings of libssa-hsm, and the caller's callbacks.
#ifndef SSA_HSM_SETTINGS_H
#define SSA_HSM_SETTINGS_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Questions and progress

// SSA_PROGRESS is for a person who watches. It tells why the work takes so long.
enum ssa_level { SSA_DETAIL, SSA_NOTICE, SSA_WARNING, SSA_PROGRESS };

// reason is as in an error. It is SSA_REASON_NONE if there is nothing that a person can do.
struct ssa_notice {
    const char *text; // one line, without a line break
    enum ssa_reason reason;
    const char *detail; // never NULL
};

// What an operation waits for.
enum ssa_wait {
    SSA_WAIT_OVER,       // for nothing any more: a person is asked now, perhaps by another program at the same terminal
    SSA_WAIT_SEARCH,     // PKCS#11 modules, which are asked for their tokens; subject is one that has not answered
    SSA_WAIT_MODULE,     // a PKCS#11 module; subject is its path
    SSA_WAIT_TOKEN,      // a PKCS#11 token; subject is its label
    SSA_WAIT_TOUCH,      // perhaps a person who is to touch the PKCS#11 token
    SSA_WAIT_PIN_PAD,    // a person who types the PIN at the PKCS#11 token's reader
    SSA_WAIT_KEY_PAIR,   // a PKCS#11 token that makes a key pair
    SSA_WAIT_TURN,       // another process that uses the PKCS#11 token
    SSA_WAIT_SERVER,     // the API's server; subject is its name
    SSA_WAIT_RETRY,      // the time until a request that failed is tried again
    SSA_WAIT_RATE_LIMIT, // the same, where the API's rate limit demands it
    SSA_WAIT_CLOSING,    // PKCS#11 modules that are closed
    SSA_WAIT_AGENT       // an agent; subject is where it listens
};

struct ssa_waiting {
    enum ssa_wait what;
    const char *subject; // harmless text; empty if there is nothing to name
    long long left_ms;   // until the wait is over; -1 if that is not known
};

struct ssa_event;

// Each function may be NULL. Then nobody can be asked or told, and nothing interrupts. They run on the thread that made
// the call, and must not call a function that takes a struct ssa_run or a signer.
struct ssa_callbacks {
    void *context;
    // Asks a person for a secret, without echo. prompt is "PIN for token …" or "Client secret of …". Writes at most
    // capacity bytes to answer, which is locked memory, and their number to *len. Fails with SSA_PIN or SSA_CONFIG if
    // there is nobody to ask.
    bool (*ask_secret)(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err);
    // Asks a person to type yes. Any other answer means no.
    bool (*confirm)(void *context, const char *question);
    // Asks a person to choose one of several things; each item is a line. *choice becomes the item's index, or count if
    // the person chose none. Returns false if there is nobody to ask.
    bool (*choose)(void *context, const char *question, const char *const *items, size_t count, size_t *choice);
    // Receives messages about the work. May run on another thread while the caller's thread waits for a PKCS#11 token.
    void (*tell)(void *context, enum ssa_level level, const struct ssa_notice *notice);
    // Is called again and again, some times a second, while the operation waits, on the thread of the call. Waits of a
    // moment are left out. The end of a wait is not told, except by SSA_WAIT_OVER. If this is set, tell does not
    // receive the messages that only name such a wait.
    void (*waiting)(void *context, const struct ssa_waiting *waiting);
    // Returns true once the person wants to stop, for instance after a signal. The operation is then finished or
    // undone.
    bool (*interrupted)(void *context);
    // Only the program ssa-hsm uses this one: it receives an operation that is over, just before its entry is written
    // to the audit trail. The audit trail is locked meanwhile. event is borrowed. If the entry cannot be written, the
    // callback receives it again later, perhaps with another sequence number and previous hash. The last one counts.
    void (*recorded)(void *context, const struct ssa_event *event);
    // The seconds that reading a pipe (a FIFO, fd:N) to its end may take; 0 means 30.
    unsigned patience;
};

// Settings

struct ssa_settings;

// Returns empty settings, or NULL if there is no memory. ssa_settings_free wipes their secrets, and accepts NULL.
struct ssa_settings *ssa_settings_new(void);
void ssa_settings_free(struct ssa_settings *settings);

// Sets one value as a command-line option does: it goes before environment and profile. name is the name of its
// variable ("SSA_HSM_MODULE"). value is borrowed until the settings are freed. Fails with SSA_USAGE for an unknown
// name.
bool ssa_settings_option(struct ssa_settings *settings, const char *name, const char *value, struct ssa_error *err);

// Takes the variables of ssa-hsm from an environment, which is a list of "NAME=value" that ends with NULL. Call it
// once. With overwrite, secrets are copied to locked memory and wiped in the environment. This includes variables that
// a reference env:NAME reads, also in a profile that is read later. The strings are borrowed until the settings are
// freed.
bool ssa_settings_environment(struct ssa_settings *settings, char **environment, bool overwrite, struct ssa_error *err);

// Reads a profile. name is its name, or its path if it has a slash. The values of a profile that is named go before the
// environment. NULL means the profile that SSA_HSM_PROFILE names, else "default" if that exists. With optional, a named
// profile need not exist, because the caller is about to write it. No other profile is read instead. callbacks (may be
// NULL) receive a warning about a file with a secret that others can read. Call it after ssa_settings_environment. A
// second call replaces the profiles of the first. Fails with SSA_CONFIG, or with SSA_USAGE if SSA_HSM_PROFILE is a
// list.
bool ssa_settings_profile(struct ssa_settings *settings, const char *name, bool optional,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err);

#define SSA_PROFILES_MAX 8

// Reads a list of profiles instead, for instance for two keys of one account on two PKCS#11 tokens. If the PKCS#11
// token of a profile is absent, broken or locked, or lacks the key, ssa_signer_open warns and uses the next
// profile. All other functions use the first profile. A count of 0 means SSA_HSM_PROFILE, which may be a list of names
// separated by ":", else "default". All profiles must exist and be valid. This is checked before any PKCS#11 token is
// used.
bool ssa_settings_profiles(struct ssa_settings *settings, const char *const *names, size_t count,
                           const struct ssa_callbacks *callbacks, struct ssa_error *err);

// Returns the value that counts for a variable, or NULL. The first of several profiles counts. The value is borrowed
// until a profile is read again.
const char *ssa_settings_value(const struct ssa_settings *settings, const char *name);

// Whether a program that is given an access token should not see a variable. This holds for the client secret,
// PRIVATE_KEY, SSA_HSM_…, and any variable that an env:NAME among the settings reads. Ask before fork(): a child does
// not see what its parent's profiles read.
bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name);

// What each call needs

struct ssa_run {
    const struct ssa_settings *settings;
    struct ssa_callbacks callbacks;
    unsigned timeout;   // seconds for all requests together, with all waiting; 0 means 90
    bool insecure_http; // allows plain http, but only to a loopback address
    bool pin_retry;     // tries a stored PIN again although it failed before
    bool overwrite;     // wipes a variable that env:NAME reads, after it was copied
};

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
