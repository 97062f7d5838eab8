// The report for programs: one JSON object, which is printed whole or not at all.
#include <stdlib.h>

#include "cli/doctor/report_form.h"
#include "cli/doctor/why.h"
#include "core/text.h"

static const char *const states[] = {[SSA_HEALTH_OK] = "ok",
                                     [SSA_HEALTH_WARNING] = "warning",
                                     [SSA_HEALTH_FAILURE] = "failure",
                                     [SSA_HEALTH_SKIPPED] = "skipped"};

// The commands in a text stand between backticks.
static void write_commands(struct json_writer *w, const char *text)
{
    member_open(w, "commands", JSON_ARRAY);
    for (const char *at = strchr(text, '`'); at != NULL; at = strchr(at, '`')) {
        const char *end = strchr(at + 1, '`');
        if (end == NULL)
            break;
        json_string(w, span_of(at + 1, (size_t)(end - at - 1)));
        at = end + 1;
    }
    json_close(w, JSON_ARRAY);
}

static bool write_check(struct report *report, const struct ssa_finding *f)
{
    struct json_writer *w = &report->document.json;
    const struct ssa_error *found = f->found;
    char *mend = report_mend_text(found);
    if (mend == NULL)
        return report_lacks_memory(&report->err);
    document_open_item(&report->document);
    member_text(w, "check", f->check);
    member_text(w, "state", states[f->health]);
    member_text(w, "subject", found->subject);
    member_text(w, "found", found->what);
    member_text(w, "cause", found->cause);
    member_text(w, "after", f->after);
    member_text(w, "why", why_of_check(f->check));
    member_text(w, "mend", mend);
    write_commands(w, mend);
    json_name(w, "exitCode");
    json_integer(w, (long long)found->code);
    json_close(w, JSON_OBJECT);
    free(mend);
    return true;
}

static void write_row(struct report *report, const struct ssa_finding *f, const char *name, const char *value,
                      const char *where)
{
    struct json_writer *w = &report->document.json;
    document_open_item(&report->document);
    member_text(w, name, f->found->subject);
    member_text(w, value, f->found->what);
    member_text(w, where, f->found->cause);
    json_close(w, JSON_OBJECT);
}

static void open_part(struct report *report, int part)
{
    static const char *const names[] = {"settings", "checks", "versions"};
    struct json_writer *w = &report->document.json;
    while ((int)report->part < part) {
        json_close(w, JSON_ARRAY);
        report->part++;
        if (report->part != PART_END)
            member_open(w, names[report->part], JSON_ARRAY);
    }
}

bool report_add_json(struct report *report, const struct ssa_finding *f)
{
    if (strcmp(f->check, "setting") == 0) {
        write_row(report, f, "name", "value", "source");
        return true;
    }
    if (strcmp(f->check, "version") == 0) {
        open_part(report, PART_VERSIONS);
        write_row(report, f, "part", "version", "of");
        return true;
    }
    open_part(report, PART_CHECKS);
    return write_check(report, f);
}

bool report_end_json(struct report *report, const struct ssa_examined *examined, struct ssa_error *err)
{
    struct json_writer *w = &report->document.json;
    open_part(report, PART_END);
    json_name(w, "failures");
    json_integer(w, (long long)examined->failures);
    json_name(w, "warnings");
    json_integer(w, (long long)examined->warnings);
    json_name(w, "apiRequests");
    json_integer(w, (long long)examined->requests);
    json_name(w, "exitCode");
    json_integer(w, (long long)examined->first);
    report->as_json = false;
    return document_print(&report->document, err);
}
