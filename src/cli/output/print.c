#include "cli/output/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/advice/advice.h"
#include "cli/output/screen.h"
#include "cli/output/waiting.h"
#include "cli/output/width.h"
#include "cli/output/wrap.h"
#include "core/write.h"

static int messages = STDERR_FILENO;

int print_to(int descriptor)
{
    const int before = messages;
    messages = descriptor;
    return before;
}

bool print_result(struct span text, struct ssa_error *err)
{
    // At a terminal, what has no line break stands on the line where waiting would be said.
    waiting_hold(text.len > 0 && text.data[text.len - 1] != '\n' && isatty(STDOUT_FILENO) == 1);
    return write_all(STDOUT_FILENO, text) ||
           error_errno(err, SSA_UNEXPECTED, errno, NULL, "standard output cannot be written");
}

static const char first_lead[] = "ssa-hsm: ", next_lead[] = "         ";
enum { LEAD = sizeof first_lead - 1, COLUMNS_LEAST = 40 };

// A line that begins with a blank or "$ " is an item or a command, which is copied in one go. Blanks side by side
// belong to a name, which must be shown as it is.
static bool may_be_wrapped(const char *line)
{
    return line[0] != ' ' && strncmp(line, "$ ", 2) != 0 && strstr(line, "  ") == NULL;
}

static void write_fitted(FILE *out, const char *line, size_t width)
{
    const bool fits = width_of(line) <= width;
    char *wrapped = !fits && may_be_wrapped(line) ? wrap_text(line, 0, width) : NULL;
    (void)fputs(wrapped != NULL ? wrapped : line, out);
    free(wrapped);
}

// The text in lines that fit the terminal, or NULL: as it is, also where a terminal is too narrow for the lead. The
// caller frees it.
static char *fitted(const char *text)
{
    const size_t columns = isatty(messages) == 1 ? screen_columns_known(messages) : 0;
    char *lines = columns >= COLUMNS_LEAST ? strdup(text) : NULL, *made = NULL;
    size_t len = 0;
    FILE *out = lines != NULL ? open_memstream(&made, &len) : NULL;
    if (out != NULL) {
        char *rest = lines;
        for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
            write_fitted(out, line, columns - LEAD);
            (void)fputs(rest != NULL ? "\n" : "", out);
        }
        if (fclose(out) != 0) {
            free(made);
            made = NULL;
        }
    }
    free(lines);
    return made;
}

// Where standard error cannot be written, there is nobody to tell.
static void write_lines(const char *text)
{
    waiting_erase();
    for (const char *lead = first_lead; *text != '\0'; lead = next_lead) {
        const size_t len = strcspn(text, "\n");
        char *line = NULL;
        // A line is one write, so that lines of several programs do not mix.
        const int made = asprintf(&line, "%s%.*s\n", lead, (int)len, text);
        if (made >= 0) {
            (void)write_all(messages, span_of(line, (size_t)made));
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
    const char *whole = completed != NULL ? completed : text;
    char *lines = fitted(whole);
    write_lines(lines != NULL ? lines : whole);
    free(lines);
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
