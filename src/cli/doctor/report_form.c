#include "cli/doctor/report_form.h"

#include <errno.h>

#include "cli/advice/advice.h"
#include "cli/command/suggestion.h"
#include "core/text.h"

bool report_lacks_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the report");
}

char *report_mend_text(const struct ssa_error *found)
{
    char advice[ADVICE_TEXT_MAX], text[ADVICE_TEXT_MAX + sizeof found->hint + 1];
    advice_text(found->reason, found->subject, found->detail, advice);
    const char *between = found->hint[0] != '\0' && advice[0] != '\0' ? " " : "";
    if (!text_format(text, sizeof text, "%s%s%s", found->hint, between, advice))
        return NULL;
    char *completed = suggestion_complete(text);
    return completed != NULL ? completed : strdup(text);
}
