// Saying what is going on, and hearing whether to stop.
#include "core/tell.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"

void tell(const struct ssa_callbacks *callbacks, enum ssa_level level, const char *line, ...)
{
    if (callbacks->tell == NULL)
        return;
    char raw[SSA_ERROR_TEXT_MAX], text[SSA_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, line);
    if (vsnprintf(raw, sizeof raw, line, args) < 0)
        raw[0] = '\0';
    va_end(args);
    text_harmless(text, sizeof text, span_text(raw));
    callbacks->tell(callbacks->context, level, text);
}

bool interrupted(const struct ssa_callbacks *callbacks)
{
    return callbacks->interrupted != NULL && callbacks->interrupted(callbacks->context);
}

bool confirms(const struct ssa_callbacks *callbacks, const char *question)
{
    return callbacks->confirm != NULL && callbacks->confirm(callbacks->context, question);
}

bool go_on(const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    return !interrupted(callbacks) || error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
}
