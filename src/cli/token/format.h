// The forms in which an access token is printed, and written to a file.
#pragma once

#include "core/error.h"
#include "core/secret.h"

enum grant_format {
    GRANT_JSON,
    GRANT_TOKEN,
    GRANT_HEADER,
    GRANT_ENV,
    GRANT_DOCKER_ENV,
    GRANT_CURL,
};

// Their names, for an option.
extern const char *const grant_formats[];

// Makes the text in an empty buffer, which the caller frees.
bool grant_format(const struct ssa_grant *grant, enum grant_format format, struct secret *text,
                  struct ssa_error *err) MUST_CHECK;
