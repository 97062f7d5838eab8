// How a request ended: the status and the `error` of its answer (docs/agent-http.md).
#pragma once

#include "core/error.h"
#include "core/secret.h"

enum failure {
    FAILURE_NONE,
    FAILURE_BAD_REQUEST,
    FAILURE_UNAUTHORIZED,
    FAILURE_FORBIDDEN,
    FAILURE_UNKNOWN_PROFILE,
    FAILURE_NOT_FOUND,
    FAILURE_METHOD_NOT_ALLOWED,
    FAILURE_DIFFERS,
    FAILURE_LOCKED,
    FAILURE_RATE_LIMITED,
    FAILURE_REFUSED,
    FAILURE_CREDENTIALS,
    FAILURE_UPSTREAM,
    FAILURE_LOST,
    FAILURE_UNAVAILABLE,
    FAILURE_TIMED_OUT,
    FAILURE_UNEXPECTED,
    FAILURES
};

unsigned failure_status(enum failure failed);
const char *failure_name(enum failure failed);

// By the failure's reason, else its class.
enum failure failure_of(const struct ssa_error *err);

// Writes the body that tells a failure. retry_after 0: not told. pin_socket may be NULL.
bool failure_write(struct secret *out, enum failure failed, const struct ssa_error *failure, unsigned retry_after,
                   const char *pin_socket, struct ssa_error *err) MUST_CHECK;
enum { FAILURE_TEXT_MAX = 16384 }; // bytes that are always enough for it
