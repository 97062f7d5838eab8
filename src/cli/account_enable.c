// ssa-hsm account enable [ID]
#include "cli/account.h"

bool command_account_enable(const struct invocation *i, struct ssa_error *err)
{
    return account_set_enabled(i, true, err);
}
