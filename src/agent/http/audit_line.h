// One event of the audit, as it waits for its turn, and as a line of JSON.
#pragma once

#include <time.h>

#include "agent/http/audit.h"
#include "core/codec.h"
#include "core/secret.h"

enum {
    AUDIT_TEXT_MAX = 4096, // of each text; what is longer is cut
    AUDIT_LINE_MAX = 65536 // bytes that are enough for any line
};

// Appends an event to those that wait. Where it does not fit, all that was there stays, and nothing is added.
bool audit_put(struct writer *w, const struct audit_event *event, time_t at) MUST_CHECK;

// Takes the next event, and appends its line, with a line break. False where the line could not be made.
bool audit_get_line(struct reader *r, struct secret *out) MUST_CHECK;

// The line that tells how many are missing.
bool audit_lost_line(unsigned long long lost, time_t at, struct secret *out) MUST_CHECK;
