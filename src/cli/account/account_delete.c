// ssa-hsm account delete ID
#include "cli/command/common.h"
#include "cli/output/print.h"
#include "cli/terminal/terminal.h"

static bool account_delete(const struct invocation *i, struct ssa_error *err)
{
    const char *account = i->arguments->words[0];
    const bool yes = option_given(i->arguments, &option_yes);
    // Nothing is asked of the API where nobody can be asked.
    if (!yes && !terminal_is_there())
        return deletion_declined(err);
    if (!ssa_account_delete(&i->run, account, yes, err))
        return false;
    print_note("account %s and its keys are deleted at the API; key objects on PKCS#11 tokens stay", account);
    return true;
}

const struct command command_account_delete = {
    .name = "account delete",
    .group = "Accounts",
    .arguments = "ACCOUNT",
    .help = "delete an account and all its keys at the API",
    .about = "Deletes an account and all its keys at the API, after a question. Nothing is changed on "
             "PKCS#11 tokens, where the keys then are of no use: `ssa-hsm key prune` destroys them.",
    .argument_help = ARGUMENTS({"ACCOUNT", "id or email of the account"}),
    .examples = EXAMPLES(
        {"account delete service-mycompany-filesync@example.com", "Asks first."},
        {"account delete service-mycompany-filesync@example.com --yes", "Does not ask, for use without a terminal."}),
    .uses = USE_API,
    .options = OPTIONS(&option_yes),
    .run = account_delete,
};
