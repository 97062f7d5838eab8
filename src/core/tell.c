// Saying what is going on, and hearing whether to stop.
#include "core/tell.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"

static _Thread_local unsigned running;

bool in_callback(void)
{
    return running > 0;
}

void callback_begin(void)
{
    running++;
}

void callback_end(void)
{
    running--;
}

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
    callback_begin();
    callbacks->tell(callbacks->context, level, text);
    callback_end();
}

bool interrupted(const struct ssa_callbacks *callbacks)
{
    if (callbacks->interrupted == NULL)
        return false;
    callback_begin();
    const bool stop = callbacks->interrupted(callbacks->context);
    callback_end();
    return stop;
}

bool confirms(const struct ssa_callbacks *callbacks, const char *question)
{
    if (callbacks->confirm == NULL)
        return false;
    callback_begin();
    const bool yes = callbacks->confirm(callbacks->context, question);
    callback_end();
    return yes;
}

bool ask_for_secret(const struct ssa_callbacks *callbacks, const char *prompt, struct secret *secret,
                    struct ssa_error *err)
{
    callback_begin();
    const bool given = callbacks->ask_secret(callbacks->context, prompt, (char *)secret->data,
                                             secret->capacity, &secret->len, err);
    callback_end();
    return given;
}

bool go_on(const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    return !interrupted(callbacks) || error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
}
