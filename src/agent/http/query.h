// The target of a request: its path and the parameters of its query. All of it comes from others.
#pragma once

#include "core/error.h"

enum { TARGET_MAX = 8192 }; // bytes of a target

enum parameter {
    PARAMETER_PROFILE,
    PARAMETER_SCOPE,
    PARAMETER_MIN_TTL,
    PARAMETER_FORCE,
    PARAMETER_WAIT,
    PARAMETER_CLIENT_ID,
    PARAMETER_ACCOUNT,
    PARAMETER_BASE_URL,
    PARAMETER_LIFETIME,
    PARAMETER_NBF,
    PARAMETER_PIN_RETRY,
    PARAMETERS
};

// The parameters of a query, without their encoding. NULL: not given.
struct query {
    const char *values[PARAMETERS];
};

// Reads a query ("profile=a&scope=data%3Aread"), which it changes: the values stay in text. known has a bit for each
// parameter that may be given, 1U << PARAMETER_PROFILE say. Fails with SSA_USAGE for another parameter, one that is
// given twice or has no value, for a bad percent-encoding, and for text that is not UTF-8 or has control characters.
bool query_read(char *text, unsigned known, struct query *query, struct ssa_error *err) MUST_CHECK;

// Reads a parameter that is a whole number within bounds; absent it is otherwise. Fails with SSA_USAGE.
bool query_number(const struct query *query, enum parameter parameter, unsigned least, unsigned most,
                  unsigned otherwise, unsigned *number, struct ssa_error *err) MUST_CHECK;

// Reads a parameter that is "1" or "true", "0" or "false"; absent it is false. Fails with SSA_USAGE.
bool query_flag(const struct query *query, enum parameter parameter, bool *flag, struct ssa_error *err) MUST_CHECK;
