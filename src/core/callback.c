#include "core/callback.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"

static _Thread_local unsigned running;

bool callback_running(void)
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

static __attribute__((format(printf, 5, 0))) void say(const struct ssa_callbacks *callbacks, enum ssa_level level,
                                                      enum ssa_reason reason, const char *detail, const char *line,
                                                      va_list args)
{
    char text[SSA_ERROR_TEXT_MAX], harmless[SSA_ERROR_TEXT_MAX / 2];
    if (callbacks->tell == NULL)
        return;
    text_harmless_format(text, sizeof text, line, args);
    text_harmless(harmless, sizeof harmless, span_text(detail == NULL ? "" : detail));
    const struct ssa_notice notice = {.text = text, .reason = reason, .detail = harmless};
    callback_begin();
    callbacks->tell(callbacks->context, level, &notice);
    callback_end();
}

void tell(const struct ssa_callbacks *callbacks, enum ssa_level level, const char *line, ...)
{
    va_list args;
    va_start(args, line);
    say(callbacks, level, SSA_REASON_NONE, NULL, line, args);
    va_end(args);
}

void tell_reason(const struct ssa_callbacks *callbacks, enum ssa_level level, enum ssa_reason reason,
                 const char *detail, const char *line, ...)
{
    va_list args;
    va_start(args, line);
    say(callbacks, level, reason, detail, line, args);
    va_end(args);
}

bool callback_interrupted(const struct ssa_callbacks *callbacks)
{
    if (callbacks->interrupted == NULL)
        return false;
    callback_begin();
    const bool stop = callbacks->interrupted(callbacks->context);
    callback_end();
    return stop;
}

void callback_waiting(const struct ssa_callbacks *callbacks, enum ssa_wait what, const char *subject, long long left_ms)
{
    char harmless[256];
    if (callbacks->waiting == NULL)
        return;
    text_harmless(harmless, sizeof harmless, span_text(subject == NULL ? "" : subject));
    const struct ssa_waiting waiting = {.what = what, .subject = harmless, .left_ms = left_ms};
    callback_begin();
    callbacks->waiting(callbacks->context, &waiting);
    callback_end();
}

bool callback_confirms(const struct ssa_callbacks *callbacks, const char *question, ...)
{
    char text[SSA_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, question);
    const int len = vsnprintf(text, sizeof text, question, args);
    va_end(args);
    if (callbacks->confirm == NULL || len < 0 || (size_t)len >= sizeof text)
        return false;
    callback_begin();
    const bool yes = callbacks->confirm(callbacks->context, text);
    callback_end();
    return yes;
}

bool callback_chooses(const struct ssa_callbacks *callbacks, const char *question, const char *const *items,
                      size_t count, size_t *choice)
{
    *choice = count;
    if (callbacks->choose == NULL)
        return false;
    callback_begin();
    const bool asked = callbacks->choose(callbacks->context, question, items, count, choice);
    callback_end();
    return asked;
}

bool callback_ask_secret(const struct ssa_callbacks *callbacks, const char *prompt, struct secret *secret,
                         struct ssa_error *err)
{
    *err = (struct ssa_error){.code = SSA_OK};
    callback_begin();
    const bool given =
        callbacks->ask_secret(callbacks->context, prompt, (char *)secret->data, secret->capacity, &secret->len, err);
    callback_end();
    if (given && secret->len <= secret->capacity)
        return true;
    secret->len = 0;
    if (given)
        return error_set(err, SSA_PIN, NULL, NULL, "the answer is longer than %zu bytes", secret->capacity);
    // A caller may leave the error empty, which must not look like success.
    if (err->code == SSA_OK)
        error_set(err, SSA_PIN, NULL, NULL, "the question for a secret was not answered");
    return false;
}

bool callback_go_on(const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    return !callback_interrupted(callbacks) || error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
}
