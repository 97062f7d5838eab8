// The report for people: the settings, a line or more for each check, and the versions.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/doctor/report_form.h"
#include "cli/doctor/why.h"
#include "cli/output/print.h"
#include "cli/output/screen.h"
#include "cli/output/width.h"
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
    const bool printed =
        made < 0 ? report_lacks_memory(&report->err) : print_result(span_of(line, (size_t)made), &report->err);
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
    const size_t used = is_narrow(report) ? NARROW_COLUMN : NAME + width_of(setting->cause) + BRACKETS;
    const size_t room = report->width == 0 ? SIZE_MAX : report->width > used + LEAST ? report->width - used : LEAST;
    char *value = wrap_cut(setting->what, room);
    int made = -1;
    report->has_settings = true;
    if (value != NULL && text_format(head, sizeof head, "%s (%s)", setting->subject, setting->cause))
        made = is_narrow(report) ? asprintf(&text, "%s\n%*s%s\n", head, (int)NARROW_COLUMN, "", value)
                                 : asprintf(&text, "%-*s%s (%s)\n", NAME, setting->subject, value, setting->cause);
    free(value);
    if (made < 0)
        return report_lacks_memory(&report->err);
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
    char *mend = report_mend_text(f->found), *line = NULL;
    if (mend == NULL)
        return report_lacks_memory(&report->err);
    bool done = f->health == SSA_HEALTH_SKIPPED || why == NULL || !text_format(text, sizeof text, "Why: %s", why) ||
                print_wrapped(report, TONE_PLAIN, "", text);
    if (done && mend[0] != '\0') {
        done = asprintf(&line, "To do: %s", mend) >= 0 ? print_wrapped(report, TONE_PLAIN, "", line)
                                                       : report_lacks_memory(&report->err);
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

bool report_add_text(struct report *report, const struct ssa_finding *f)
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

bool report_end_text(struct report *report, struct ssa_error *err)
{
    bool wanted = true;
    return print_line(&wanted, err) && table_print(&report->versions, err);
}
