// ssa-hsm account show [ID]
#include <string.h>

#include "cli/account.h"
#include "cli/print.h"

bool command_account_show(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_account shown;
    if (!ssa_account_show(&i->run, i->word_count > 0 ? i->words[0] : NULL, &shown, err) ||
        !account_print(&shown, i->arguments->given[OPT_JSON], err))
        return false;
    if (strcmp(shown.status, "DEACTIVATED") == 0)
        print_note("it was idle for 12 months: `ssa-hsm account enable %s` wakes it", shown.id);
    else if (strcmp(shown.status, "DISABLED") == 0)
        print_note("it gets no tokens until `ssa-hsm account enable %s`", shown.id);
    return true;
}
