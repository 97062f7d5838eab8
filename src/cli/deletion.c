// Asking before something is deleted.
#include "cli/deletion.h"

bool deletion_confirmed(const struct invocation *i, const char *question, struct ssa_error *err)
{
    if (i->arguments->given[OPT_YES] || i->run.callbacks.confirm(i->run.callbacks.context, question))
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "not confirmed; nothing was deleted");
    return error_hint(err, "--yes deletes without asking, for use without a terminal.");
}
