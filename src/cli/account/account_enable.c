// ssa-hsm account enable [ID]
#include "cli/account/account.h"
#include "cli/command/common.h"

static bool account_enable(const struct invocation *i, struct ssa_error *err)
{
    return account_set_enabled(i, true, err);
}

const struct command command_account_enable = {
    .name = "account enable",
    .group = "Accounts",
    .arguments = "[ID]",
    .help = "enable an account again, also one that was idle for too long",
    .options = OPTIONS(&option_json),
    .run = account_enable,
};
