// What a request asks for. A client mostly asks for the same again: what was understood is kept with its text.
#pragma once

#include "agent/http/query.h"
#include "agent/service/service.h"

enum request_kind {
    REQUEST_TOKEN,
    REQUEST_ASSERTION,
    REQUEST_STATUS,
    REQUEST_HEALTH,
    REQUEST_METRICS,
    REQUEST_LOCK,
    REQUEST_UNLOCK,
    REQUEST_KINDS,
    REQUEST_UNKNOWN = REQUEST_KINDS
};

enum {
    WAIT_MAX = 300, // seconds that a caller may wait
    MIN_TTL_MAX = 3600,
    LIFETIME_MAX = 300 // seconds of an assertion
};

struct request {
    char *target;    // as it was received
    size_t len;      // of it
    size_t capacity; // of each of target and text
    char *text;      // the same, decoded, where demand points to
    bool too_long;
    bool understood; // what follows belongs to target
    enum request_kind kind;
    bool post;            // it must be a POST, else a GET
    struct demand demand; // of access tokens and assertions; of others, the profile
    unsigned lifetime;    // of an assertion
    bool not_before;
    bool pin_retry; // of an unlocking
};

// Takes a target. What was understood of the same target stays so.
void request_take(struct request *request, const char *target);

// Finds out what it asks for. Fails with SSA_USAGE; kind is known even then. A path that is not known is no failure.
bool request_understand(struct request *request, struct ssa_error *err) MUST_CHECK;

// A copy of an understood request that may live longer. False where there is no memory.
bool request_copy(struct request *to, const struct request *from) MUST_CHECK;
void request_free(struct request *request);
