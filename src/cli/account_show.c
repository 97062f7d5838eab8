// ssa-hsm account show [ID]
#include "cli/account.h"

bool command_account_show(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_account shown;
    return ssa_account_show(&i->run, i->word_count > 0 ? i->words[0] : NULL, &shown, err) &&
           account_print(&shown, i->arguments->given[OPT_JSON], err);
}
