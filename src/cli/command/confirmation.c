// Asking before something is deleted.
#include "cli/command/confirmation.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/common.h"

bool deletion_confirmed(const struct invocation *i, struct ssa_error *err, const char *question, ...)
{
    char *text = NULL;
    va_list args;
    if (option_given(i->arguments, &option_yes))
        return true;
    va_start(args, question);
    const bool made = vasprintf(&text, question, args) >= 0;
    va_end(args);
    if (!made)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the question");
    const bool yes = i->run.callbacks.confirm(i->run.callbacks.context, text);
    free(text);
    if (yes)
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "nothing was deleted: you did not confirm");
    return error_hint(err, "--yes deletes without asking, also where there is no terminal.");
}
