// ssa-hsm secret remove
#include "cli/command.h"
#include "cli/print.h"

bool command_secret_remove(const struct invocation *i, struct ssa_error *err)
{
    if (!ssa_secret_remove(&i->run, i->arguments->given[OPT_YES], i->ending, err))
        return false;
    print_note("APS_SECRET_ID still names it: set that to the secret, or to where else it is");
    return true;
}
