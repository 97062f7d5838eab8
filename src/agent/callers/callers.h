// The callers of the facade and of the broker: programs that may ask for an access token without being this user's.
// Each has a name, the scopes that it may ask for, and an id with a secret (facade), the name in its TLS certificate
// (broker), or both. They are in a file of mode 0600, which has a hash of the secret and never the secret.
#pragma once

#include "core/api.h"
#include "core/error.h"
#include "core/fingerprint.h"
#include "core/secret.h"

enum {
    CALLERS_MAX = 256,
    CALLER_NAME_MAX = 65, // bytes with the NUL, as all of these
    CALLER_ID_MAX = 97,
    CALLER_SAN_MAX = 256,
    CALLER_SCOPE_MAX = 1024,
    CALLER_PROFILE_MAX = 512
};

struct caller_entry {
    char name[CALLER_NAME_MAX];       // letters, digits, ".", "_" and "-"
    char id[CALLER_ID_MAX];           // what it sends as client id; empty: it has no secret
    char hash[FINGERPRINT_TEXT];      // SHA-256 of its secret in hex; empty: it has none
    char san[CALLER_SAN_MAX];         // DNS name or URI in its certificate; empty: it has no certificate
    char scope[CALLER_SCOPE_MAX];     // that it may ask for, separated by spaces
    char profile[CALLER_PROFILE_MAX]; // the only one whose access tokens it gets; empty: the agent's first one
    long long created;                // seconds since the epoch
};

struct callers {
    struct caller_entry *list;
    size_t count;
};
void callers_free(struct callers *callers);
#define CALLERS_AUTO __attribute__((cleanup(callers_free))) struct callers

// NULL where there is none.
const struct caller_entry *callers_by_name(const struct callers *callers, const char *name);
const struct caller_entry *callers_by_id(const struct callers *callers, struct span id);
const struct caller_entry *callers_by_san(const struct callers *callers, struct span san);

// Whether it is the caller's secret. Takes the same time for every wrong one. caller may be NULL: then it is not.
bool caller_has_secret(const struct caller_entry *caller, struct span secret);

// Reads scopes, separated by commas or spaces, into caller->scope. Fails with SSA_USAGE.
bool caller_set_scope(struct caller_entry *caller, const char *scope, const struct ssa_callbacks *callbacks,
                      struct ssa_error *err) MUST_CHECK;

// Adds a caller: *wanted has name, scope, profile and san. With a secret (not NULL, empty), id and secret are made, and
// the secret is appended to it: it is not kept anywhere. Fails with SSA_IN_USE where the name or the SAN is in use,
// with SSA_USAGE for a name or SAN that is not allowed, and with SSA_CONFIG where the file cannot be read or written.
bool callers_add(const char *path, const struct caller_entry *wanted, struct caller_entry *made, struct secret *secret,
                 struct ssa_error *err) MUST_CHECK;

// Fails with SSA_USAGE where there is no such caller.
bool callers_remove(const char *path, const char *name, struct ssa_error *err) MUST_CHECK;
