#include "cli/doctor/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/advice/advice.h"
#include "cli/command/suggestion.h"
#include "cli/doctor/why.h"
#include "cli/output/print.h"
#include "cli/output/screen.h"
#include "cli/output/wrap.h"
#include "core/text.h"

// Where the text of a check begins. On a narrow terminal it has lines of its own.
enum { COLUMN = 23, NARROW_COLUMN = 4, NARROW = 60 };

static const char *const states[] = {[SSA_HEALTH_OK] = "ok",
                                     [SSA_HEALTH_WARNING] = "warning",
                                     [SSA_HEALTH_FAILURE] = "FAILED",
                                     [SSA_HEALTH_SKIPPED] = "skipped"};
static const enum tone tones[] = {[SSA_HEALTH_OK] = TONE_GOOD,
                                  [SSA_HEALTH_WARNING] = TONE_WARNING,
                                  [SSA_HEALTH_FAILURE] = TONE_BAD,
                                  [SSA_HEALTH_SKIPPED] = TONE_PLAIN};
static const char *const json_states[] = {[SSA_HEALTH_OK] = "ok",
                                          [SSA_HEALTH_WARNING] = "warning",
                                          [SSA_HEALTH_FAILURE] = "failure",
                                          [SSA_HEALTH_SKIPPED] = "skipped"};

static bool no_memory(struct ssa_error *err)
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

// What to do about a finding: its own hint, and the advice about its reason, with the options of this run. The caller
// frees it; NULL where there is no memory.
static char *mend_text(const struct ssa_error *found)
{
    char advice[ADVICE_TEXT_MAX], text[ADVICE_TEXT_MAX + sizeof found->hint + 1];
    advice_text(found->reason, found->subject, found->detail, advice);
    const char *between = found->hint[0] != '\0' && advice[0] != '\0' ? " " : "";
    if (!text_format(text, sizeof text, "%s%s%s", found->hint, between, advice))
        return NULL;
    char *completed = suggestion_complete(text);
    return completed != NULL ? completed : strdup(text);
}

// ---- JSON ----

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
    char *mend = mend_text(found);
    if (mend == NULL)
        return no_memory(&report->err);
    document_open_item(&report->document);
    member_text(w, "check", f->check);
    member_text(w, "state", json_states[f->health]);
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

static bool add_to_json(struct report *report, const struct ssa_finding *f)
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

static bool end_json(struct report *report, const struct ssa_examined *examined, struct ssa_error *err)
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

// ---- text ----

static bool is_narrow(const struct report *report)
{
    return report->width > 0 && report->width < NARROW;
}

// Prints a text that is wrapped, behind or below what stands before it. The first word of that has a colour.
static bool print_wrapped(struct report *report, enum tone tone, const char *before, const char *text)
{
    const size_t column = is_narrow(report) ? NARROW_COLUMN : COLUMN;
    char *wrapped = wrap_text(text, column, report->width), *line = NULL;
    const size_t used = strlen(before), word = strcspn(before, " ");
    const size_t blanks = used >= column ? column : column - used;
    const enum tone shown = screen_has_colours(STDOUT_FILENO) ? tone : TONE_PLAIN;
    const int made = wrapped == NULL
                         ? -1
                         : asprintf(&line, "%s%.*s%s%s%s%*s%s\n", tone_begin(shown), (int)word, before, tone_end(shown),
                                    before + word, used >= column ? "\n" : "", (int)blanks, "", wrapped);
    const bool printed = made < 0 ? no_memory(&report->err) : print_result(span_of(line, (size_t)made), &report->err);
    if (made >= 0)
        free(line);
    free(wrapped);
    return printed;
}

// The value is cut where the line would be too long.
static bool print_setting(struct report *report, const struct ssa_error *setting)
{
    enum { NAME = 22, BRACKETS = 3, LEAST = 12 };
    char head[sizeof setting->subject + sizeof setting->cause + BRACKETS], *text = NULL;
    const size_t used = is_narrow(report) ? NARROW_COLUMN : NAME + wrap_columns(setting->cause) + BRACKETS;
    const size_t room = report->width == 0 ? SIZE_MAX : report->width > used + LEAST ? report->width - used : LEAST;
    char *value = wrap_cut(setting->what, room);
    int made = -1;
    report->has_settings = true;
    if (value != NULL && text_format(head, sizeof head, "%s (%s)", setting->subject, setting->cause))
        made = is_narrow(report) ? asprintf(&text, "%s\n%*s%s\n", head, (int)NARROW_COLUMN, "", value)
                                 : asprintf(&text, "%-*s%s (%s)\n", NAME, setting->subject, value, setting->cause);
    free(value);
    if (made < 0)
        return no_memory(&report->err);
    const bool printed = print_result(span_of(text, (size_t)made), &report->err);
    free(text);
    return printed;
}

static bool print_line(bool *wanted, struct ssa_error *err)
{
    static const char line[] = "\n";
    const bool printed = !*wanted || print_result(span_text(line), err);
    *wanted = false;
    return printed;
}

// What a person must know of what is not as it should be.
static bool print_help(struct report *report, const struct ssa_finding *f)
{
    char text[sizeof "Why: " + 256];
    const char *why = why_of_check(f->check);
    char *mend = mend_text(f->found), *line = NULL;
    if (mend == NULL)
        return no_memory(&report->err);
    bool done = f->health == SSA_HEALTH_SKIPPED || why == NULL || !text_format(text, sizeof text, "Why: %s", why) ||
                print_wrapped(report, TONE_PLAIN, "", text);
    if (done && mend[0] != '\0') {
        done = asprintf(&line, "To do: %s", mend) >= 0 ? print_wrapped(report, TONE_PLAIN, "", line)
                                                       : no_memory(&report->err);
        free(line);
    }
    free(mend);
    return done;
}

static bool print_check(struct report *report, const struct ssa_finding *f)
{
    char head[64], text[sizeof f->found->subject + sizeof f->found->what + sizeof f->found->cause + 8];
    const struct ssa_error *found = f->found;
    const bool subject = found->subject[0] != '\0', cause = found->cause[0] != '\0';
    if (!text_format(head, sizeof head, "%-8s%s", states[f->health], f->check) ||
        !text_format(text, sizeof text, "%s%s%s%s%s%s", found->subject, subject ? ": " : "", found->what,
                     cause ? " (" : "", found->cause, cause ? ")" : ""))
        return error_set(&report->err, SSA_UNEXPECTED, NULL, f->check, "the finding is too long");
    return print_wrapped(report, tones[f->health], head, text) && (f->health == SSA_HEALTH_OK || print_help(report, f));
}

static bool add_to_text(struct report *report, const struct ssa_finding *f)
{
    const struct ssa_error *found = f->found;
    if (strcmp(f->check, "version") == 0) {
        table_add(&report->versions, found->subject);
        table_add(&report->versions, found->what);
        if (found->cause[0] != '\0')
            table_append(&report->versions, " (%s)", found->cause);
        return true;
    }
    if (strcmp(f->check, "setting") == 0)
        return print_setting(report, found);
    // The settings are complete: they come before all checks.
    return print_line(&report->has_settings, &report->err) && print_check(report, f);
}

static bool end_text(struct report *report, struct ssa_error *err)
{
    bool wanted = true;
    return print_line(&wanted, err) && table_print(&report->versions, err);
}

// ---- both ----

void report_add(void *context, const struct ssa_finding *finding)
{
    struct report *report = context;
    if (report->failed)
        return;
    if (finding->health == SSA_HEALTH_FAILURE && report->first == NULL)
        report->first = finding->check;
    report->failed = !(report->as_json ? add_to_json(report, finding) : add_to_text(report, finding));
}

bool report_end(struct report *report, const struct ssa_examined *examined, struct ssa_error *err)
{
    bool done = !report->failed;
    if (!done)
        *err = report->err;
    else
        done = report->as_json ? end_json(report, examined, err) : end_text(report, err);
    report_drop(report);
    return done;
}
