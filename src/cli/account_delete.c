// ssa-hsm account delete ID
#include "cli/deletion.h"
#include "cli/print.h"
#include "core/text.h"

bool command_account_delete(const struct invocation *i, struct ssa_error *err)
{
    char question[512];
    (void)text_format(question, sizeof question, "Delete account %s and all its keys at the API?",
                      i->words[0]);
    if (!deletion_confirmed(i, question, err) || !ssa_account_delete(&i->run, i->words[0], err))
        return false;
    print_note("account %s is deleted, its keys with it; objects on tokens are left", i->words[0]);
    return true;
}
