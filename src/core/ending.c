#include "core/ending.h"

#include <stdarg.h>

#include "core/text.h"

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
