// Standard output and standard error.
#include "cli/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/advice.h"
#include "core/write.h"

enum { COMPLETED_MAX = 6 * SSA_ERROR_TEXT_MAX };

bool print_result(struct span text, struct ssa_error *err)
{
    if (write_all(STDOUT_FILENO, text))
        return true;
    const int number = errno;
    return error_errno(err, SSA_UNEXPECTED, number, NULL, "standard output cannot be written");
}

// In one write a line, so that lines of several programs do not mix. Nobody can be told where standard error
// is gone.
static void note(const char *text)
{
    static const char first[] = "ssa-hsm: ", other[] = "         ";
    char line[COMPLETED_MAX];
    const char *lead = first;
    while (*text != '\0') {
        const size_t len = strcspn(text, "\n");
        const int made = snprintf(line, sizeof line, "%s%.*s\n", lead, (int)len, text);
        if (made > 0)
            (void)write_all(STDERR_FILENO,
                            span_of(line, (size_t)made < sizeof line ? (size_t)made : sizeof line - 1));
        text += len + (text[len] == '\n' ? 1 : 0);
        lead = other;
    }
}

static void (*completion)(const char *text, char *out, size_t capacity);

void print_complete_by(void (*complete)(const char *text, char *out, size_t capacity))
{
    completion = complete;
}

static void note_completed(const char *text)
{
    char completed[COMPLETED_MAX];
    if (completion == NULL) {
        note(text);
        return;
    }
    completion(text, completed, sizeof completed);
    note(completed);
}

void print_note(const char *text, ...)
{
    char line[2 * SSA_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, text);
    if (vsnprintf(line, sizeof line, text, args) >= 0)
        note_completed(line);
    va_end(args);
}

// Appends the advice about a reason to a text, behind a separator.
static void append_advice(char *text, size_t capacity, const char *separator, enum ssa_reason reason,
                          const char *subject, const char *detail)
{
    const size_t used = strlen(text), len = strlen(separator);
    if (advice_about(reason) == NULL || used + len >= capacity)
        return;
    memcpy(text + used, separator, len + 1);
    (void)advice_text(reason, subject, detail, text + used + len, capacity - used - len);
}

void print_error(const struct ssa_error *err)
{
    char text[4 * SSA_ERROR_TEXT_MAX];
    ssa_error_text(err, text, sizeof text);
    // A message has two lines: the advice goes on where the hint ends.
    append_advice(text, sizeof text, err->hint[0] != '\0' ? " " : "\n", err->reason, err->subject,
                  err->detail);
    note_completed(text);
}

void print_ending(const struct ssa_ending *ending)
{
    char text[3 * SSA_ERROR_TEXT_MAX];
    for (size_t i = 0; i < ending->count; i++) {
        const struct ssa_ending_line *line = &ending->lines[i];
        (void)snprintf(text, sizeof text, "%s", line->text);
        append_advice(text, sizeof text, ". ", line->reason, line->subject, line->detail);
        note_completed(text);
    }
}
