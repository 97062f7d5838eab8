#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"

static __attribute__((format(printf, 5, 0))) void make(struct ssa_error *err, enum ssa_class class, const char *cause,
                                                       const char *subject, const char *what, va_list args)
{
    *err = (struct ssa_error){.code = class};
    text_harmless(err->cause, sizeof err->cause, span_text(cause ? cause : ""));
    text_harmless(err->subject, sizeof err->subject, span_text(subject ? subject : ""));
    text_harmless_format(err->what, sizeof err->what, what, args);
}

bool error_set(struct ssa_error *err, enum ssa_class class, const char *cause, const char *subject, const char *what,
               ...)
{
    va_list args;
    va_start(args, what);
    make(err, class, cause, subject, what, args);
    va_end(args);
    return false;
}

bool error_because(struct ssa_error *err, enum ssa_class class, enum ssa_reason reason, const char *subject,
                   const char *what, ...)
{
    va_list args;
    va_start(args, what);
    make(err, class, NULL, subject, what, args);
    va_end(args);
    return error_reason(err, reason, NULL);
}

bool error_hint_path(struct ssa_error *err, const char *begin, const char *path, const char *end)
{
    char word[SSA_ERROR_TEXT_MAX];
    return text_shell_word(word, sizeof word, path) && error_hint(err, "%s %s`%s", begin, word, end);
}

bool error_errno(struct ssa_error *err, enum ssa_class class, int number, const char *subject, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    make(err, class, strerrordesc_np(number), subject, what, args);
    va_end(args);
    errno = number;
    return error_number(err, SSA_DOMAIN_ERRNO, (unsigned long)number);
}

bool error_reason(struct ssa_error *err, enum ssa_reason reason, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    err->reason = reason;
    err->detail[0] = '\0';
    if (detail != NULL)
        text_harmless_format(err->detail, sizeof err->detail, detail, args);
    va_end(args);
    return false;
}

bool error_number(struct ssa_error *err, enum ssa_domain domain, unsigned long number)
{
    err->domain = domain;
    err->number = number;
    return false;
}

bool error_cause(struct ssa_error *err, enum ssa_domain domain, unsigned long number, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    text_harmless_format(err->cause, sizeof err->cause, name, args);
    va_end(args);
    return error_number(err, domain, number);
}

bool error_hint(struct ssa_error *err, const char *hint, ...)
{
    va_list args;
    va_start(args, hint);
    text_harmless_format(err->hint, sizeof err->hint, hint, args);
    va_end(args);
    return false;
}

bool ending_add(struct ssa_ending *ending, enum ssa_end how, enum ssa_reason reason, const char *subject,
                const char *detail, const char *text, ...)
{
    va_list args;
    if (ending == NULL)
        return false;
    if (how > ending->how)
        ending->how = how;
    if (ending->count == SSA_ENDING_LINES)
        return false;
    struct ssa_ending_line *line = &ending->lines[ending->count++];
    va_start(args, text);
    text_harmless_format(line->text, sizeof line->text, text, args);
    va_end(args);
    line->reason = reason;
    text_harmless(line->subject, sizeof line->subject, span_text(subject == NULL ? "" : subject));
    text_harmless(line->detail, sizeof line->detail, span_text(detail == NULL ? "" : detail));
    return false;
}

void ssa_error_text(const struct ssa_error *err, char *out, size_t capacity)
{
    const bool subject = err->subject[0] != '\0', cause = err->cause[0] != '\0', hint = err->hint[0] != '\0';
    const int written =
        snprintf(out, capacity, "%s%s%s%s%s%s%s%s", subject ? err->subject : "", subject ? ": " : "", err->what,
                 cause ? " (" : "", err->cause, cause ? ")" : "", hint ? "\n" : "", err->hint);
    if (written < 0 && capacity > 0)
        out[0] = '\0';
}

const char *error_line(const struct ssa_error *err, char line[static ERROR_LINE_MAX])
{
    ssa_error_text(err, line, ERROR_LINE_MAX);
    line[strcspn(line, "\n")] = '\0';
    return line;
}
