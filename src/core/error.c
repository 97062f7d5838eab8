#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

static void begin(struct ssa_error *err, enum ssa_class class, const char *cause, const char *subject)
{
    *err = (struct ssa_error){.code = class};
    text_harmless(err->cause, sizeof err->cause, span_text(cause ? cause : ""));
    text_harmless(err->subject, sizeof err->subject, span_text(subject ? subject : ""));
}

bool error_set(struct ssa_error *err, enum ssa_class class, const char *cause, const char *subject, const char *what,
               ...)
{
    va_list args;
    va_start(args, what);
    begin(err, class, cause, subject);
    text_harmless_format(err->what, sizeof err->what, what, args);
    va_end(args);
    return false;
}

bool error_errno(struct ssa_error *err, enum ssa_class class, int number, const char *subject, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    begin(err, class, strerrordesc_np(number), subject);
    text_harmless_format(err->what, sizeof err->what, what, args);
    va_end(args);
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

void ssa_error_text(const struct ssa_error *err, char *out, size_t capacity)
{
    const bool subject = err->subject[0] != '\0', cause = err->cause[0] != '\0', hint = err->hint[0] != '\0';
    const int written =
        snprintf(out, capacity, "%s%s%s%s%s%s%s%s", subject ? err->subject : "", subject ? ": " : "", err->what,
                 cause ? " (" : "", err->cause, cause ? ")" : "", hint ? "\n" : "", err->hint);
    if (written < 0 && capacity > 0)
        out[0] = '\0';
}
