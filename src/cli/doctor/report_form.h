// The two forms of a report, and what they share.
#pragma once

#include "cli/doctor/report.h"

// Each takes a finding. It fails where nothing more can be printed: then report->err says why.
bool report_add_json(struct report *report, const struct ssa_finding *finding) MUST_CHECK;
bool report_add_text(struct report *report, const struct ssa_finding *finding) MUST_CHECK;

// Each prints what is left to print.
bool report_end_json(struct report *report, const struct ssa_examined *examined, struct ssa_error *err) MUST_CHECK;
bool report_end_text(struct report *report, struct ssa_error *err) MUST_CHECK;

// What to do about a finding: its own hint, and the advice about its reason, with the options of this run. The caller
// frees it; NULL where there is no memory.
char *report_mend_text(const struct ssa_error *found);

// Returns false.
bool report_lacks_memory(struct ssa_error *err);
