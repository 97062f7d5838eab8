// ssa-hsm key prune
#include "cli/command.h"
#include "cli/print.h"

bool command_key_prune(const struct invocation *i, struct ssa_error *err)
{
    size_t found = 0, destroyed = 0;
    if (!ssa_key_prune(&i->run, i->arguments->given[OPT_YES], &found, &destroyed, err))
        return false;
    if (found == 0)
        print_note("no token here has a key that was made from here and that the API does not know any more");
    else if (destroyed < found)
        print_note("%zu of %zu keys are left: their destruction was not confirmed (--yes does not ask)",
                   found - destroyed, found);
    return true;
}
