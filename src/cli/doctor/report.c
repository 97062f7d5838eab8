#include "cli/doctor/report.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/advice/advice.h"
#include "cli/command/suggestion.h"
#include "cli/doctor/report_form.h"
#include "cli/output/wrap.h"
#include "core/text.h"

bool report_lacks_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the report");
}

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

char *report_mend_text(const struct ssa_error *found)
{
    char advice[ADVICE_TEXT_MAX], text[ADVICE_TEXT_MAX + sizeof found->hint + 1];
    advice_text(found->reason, found->subject, found->detail, advice);
    const char *between = found->hint[0] != '\0' && advice[0] != '\0' ? " " : "";
    if (!text_format(text, sizeof text, "%s%s%s", found->hint, between, advice))
        return NULL;
    char *completed = suggestion_complete(text);
    return completed != NULL ? completed : strdup(text);
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
