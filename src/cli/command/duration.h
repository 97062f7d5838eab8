// Options whose value is a time.
#pragma once

#include "cli/command/option.h"
#include "core/error.h"

// A number of seconds, or a number with m, h or d. Fails with SSA_USAGE and quotes the text.
bool parse_duration(const char *text, const struct option *option, long long *seconds,
                    struct ssa_error *err) MUST_CHECK;

// A number of seconds from least to most. Fails with SSA_USAGE and quotes the text.
bool parse_seconds(const char *text, const struct option *option, unsigned least, unsigned most, unsigned *seconds,
                   struct ssa_error *err) MUST_CHECK;
