// ssa-hsm account show [ID]
#include <string.h>

#include "cli/account/account.h"
#include "cli/command/common.h"
#include "cli/output/print.h"

static bool account_show(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_account shown;
    if (!ssa_account_show(&i->run, account_argument(i), &shown, err))
        return false;
    if (!account_print(&shown, option_given(i->arguments, &option_json), err))
        return false;
    if (strcmp(shown.status, "DEACTIVATED") == 0)
        print_note("it was idle for 12 months: `ssa-hsm account enable %s` enables it again", shown.id);
    else if (strcmp(shown.status, "DISABLED") == 0)
        print_note("it gets no access tokens until `ssa-hsm account enable %s`", shown.id);
    return true;
}

const struct command command_account_show = {
    .name = "account show",
    .group = "Accounts",
    .arguments = "[ID]",
    .help = "show one account (id or email; without it, the profile's account)",
    .options = OPTIONS(&option_json),
    .run = account_show,
};
