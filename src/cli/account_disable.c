// ssa-hsm account disable [ID]
#include "cli/account.h"

bool command_account_disable(const struct invocation *i, struct ssa_error *err)
{
    return account_set_enabled(i, false, err);
}
