#include "cli/output/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/advice/advice.h"
#include "cli/output/waiting.h"
#include "core/write.h"

bool print_result(struct span text, struct ssa_error *err)
{
    // At a terminal, what has no line break stands on the line where waiting would be said.
    waiting_hold(text.len > 0 && text.data[text.len - 1] != '\n' && isatty(STDOUT_FILENO) == 1);
    return write_all(STDOUT_FILENO, text) ||
           error_errno(err, SSA_UNEXPECTED, errno, NULL, "standard output cannot be written");
}

// Where standard error cannot be written, there is nobody to tell.
static void write_lines(const char *text)
{
    waiting_erase();
    for (const char *lead = "ssa-hsm: "; *text != '\0'; lead = "         ") {
        const size_t len = strcspn(text, "\n");
        char *line = NULL;
        // A line is one write, so that lines of several programs do not mix.
        const int made = asprintf(&line, "%s%.*s\n", lead, (int)len, text);
        if (made >= 0) {
            (void)write_all(STDERR_FILENO, span_of(line, (size_t)made));
            free(line);
        }
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

static char *(*completion)(const char *text);

void print_complete_by(char *(*complete)(const char *text))
{
    completion = complete;
}

static bool quiet;

void print_quietly(bool quietly)
{
    quiet = quietly;
}

static void __attribute__((format(printf, 1, 0))) say(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        write_lines("there is no memory to say what happened");
        return;
    }
    char *completed = completion != NULL ? completion(text) : NULL;
    write_lines(completed != NULL ? completed : text);
    free(completed);
    free(text);
}

void print_note(const char *format, ...)
{
    va_list args;
    if (quiet)
        return;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

static void __attribute__((format(printf, 1, 2))) say_failure(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void print_notice(const char *before, const struct ssa_notice *notice)
{
    char advice[ADVICE_TEXT_MAX];
    advice_text(notice->reason, "", notice->detail, advice);
    print_note("%s%s%s%s", before, notice->text, advice[0] != '\0' ? ". " : "", advice);
}

void print_error(const struct ssa_error *err)
{
    char text[4 * SSA_ERROR_TEXT_MAX], advice[ADVICE_TEXT_MAX];
    // A message has two lines: the advice follows the hint.
    const char *between = err->hint[0] != '\0' ? " " : "\n";
    ssa_error_text(err, text, sizeof text);
    advice_text(err->reason, err->subject, err->detail, advice);
    say_failure("%s%s%s", text, advice[0] != '\0' ? between : "", advice);
}

void print_ending(const struct ssa_ending *ending)
{
    char advice[ADVICE_TEXT_MAX];
    for (size_t i = 0; i < ending->count; i++) {
        const struct ssa_ending_line *line = &ending->lines[i];
        advice_text(line->reason, line->subject, line->detail, advice);
        say_failure("%s%s%s", line->text, advice[0] != '\0' ? ". " : "", advice);
    }
}
