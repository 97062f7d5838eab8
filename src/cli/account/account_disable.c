// ssa-hsm account disable [ID]
#include "cli/account/account.h"
#include "cli/command/common.h"

static bool account_disable(const struct invocation *i, struct ssa_error *err)
{
    return account_set_enabled(i, false, err);
}

const struct command command_account_disable = {
    .name = "account disable",
    .group = "Accounts",
    .arguments = "[ID]",
    .help = "disable an account: it gets no access tokens, and its keys cannot be managed",
    .options = OPTIONS(&option_json),
    .run = account_disable,
};
