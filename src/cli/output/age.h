// Points in time, for people and for programs.
#pragma once

#include "core/json.h"

#define AGE_TEXT_MAX  32U
#define WHEN_TEXT_MAX 64U

// "3 days ago", "in 5 months", "just now".
void age_text(long long seconds, long long now, char out[static AGE_TEXT_MAX]);

// "2024-01-25 04:08 (3 days ago)" in the local time zone, or "-" where the time is not known.
void when_text(struct ssa_time time, long long now, char out[static WHEN_TEXT_MAX]);

// A JSON member: ISO 8601 in UTC, or null.
void when_json(struct json_writer *w, const char *name, struct ssa_time time);
