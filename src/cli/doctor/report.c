#include "cli/doctor/report.h"

#include "cli/doctor/report_form.h"
#include "cli/output/wrap.h"

bool report_begin(struct report *report, bool as_json, struct ssa_error *err)
{
    *report = (struct report){.as_json = as_json, .width = wrap_width()};
    table_begin(&report->versions, 2, NULL);
    if (!as_json)
        return true;
    if (!document_begin(&report->document, JSON_OBJECT, err))
        return false;
    member_open(&report->document.json, "settings", JSON_ARRAY);
    return true;
}

void report_drop(struct report *report)
{
    table_drop(&report->versions);
    if (report->as_json)
        document_drop(&report->document);
}

void report_add(void *context, const struct ssa_finding *finding)
{
    struct report *report = context;
    if (report->failed)
        return;
    if (finding->health == SSA_HEALTH_FAILURE && report->first == NULL)
        report->first = finding->check;
    report->failed = !(report->as_json ? report_add_json(report, finding) : report_add_text(report, finding));
}

bool report_end(struct report *report, const struct ssa_examined *examined, struct ssa_error *err)
{
    bool done = !report->failed;
    if (!done)
        *err = report->err;
    else
        done = report->as_json ? report_end_json(report, examined, err) : report_end_text(report, err);
    report_drop(report);
    return done;
}
