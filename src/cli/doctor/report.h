// The findings of `doctor`, as text for people or as JSON.
#pragma once

#include "cli/output/document.h"
#include "cli/output/table.h"

struct report {
    bool as_json, failed; // failed: err says why nothing more is printed
    size_t width;         // of the terminal; 0 for none
    struct ssa_error err;
    enum { PART_SETTINGS, PART_CHECKS, PART_VERSIONS, PART_END } part;
    struct document document;
    bool has_settings;     // some were printed, and no line behind them yet
    struct table versions; // "libcurl", "7.88.1"
    const char *first;     // the first check that failed; NULL for none
};

bool report_begin(struct report *report, bool as_json, struct ssa_error *err) MUST_CHECK;

// Takes a finding. context is the report.
void report_add(void *context, const struct ssa_finding *finding);

// Prints what is left to print, and frees the report. Fails where standard output cannot be written.
bool report_end(struct report *report, const struct ssa_examined *examined, struct ssa_error *err) MUST_CHECK;

// Frees it. Of JSON nothing was printed.
void report_drop(struct report *report);
