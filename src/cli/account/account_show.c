// ssa-hsm account show [ID]

#include "cli/account/account.h"
#include "cli/output/print.h"
#include "cli/output/table.h"

static bool print_table(const struct ssa_account *account, struct ssa_error *err)
{
    struct table table;
    table_begin(&table, 2, NULL);
    table_add_pair(&table, "account", account->id);
    table_keep(&table);
    table_add_pair(&table, "email", account->email);
    table_keep(&table);
    table_add_pair(&table, "status", account->status);
    table_paint(&table, status_tone(account->status));
    table_add(&table, "created");
    table_add_time(&table, account->created);
    table_add(&table, "last used");
    table_add_time(&table, account->accessed);
    table_add(&table, "expires");
    table_add_time(&table, account->expires);
    table_add_pair(&table, "created by", account->created_by);
    return table_print(&table, err);
}

static bool account_show(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_account shown;
    if (!ssa_account_show(&i->run, account_argument(i), &shown, err))
        return false;
    if (!(option_given(i->arguments, &option_json) ? account_print_json(&shown, NULL, err) : print_table(&shown, err)))
        return false;
    if (strcmp(shown.status, "DEACTIVATED") == 0)
        print_note("the account was idle for 12 months: `ssa-hsm account enable %s` enables it again", shown.id);
    else if (strcmp(shown.status, "DISABLED") == 0)
        print_note("the account gets no access tokens until `ssa-hsm account enable %s`", shown.id);
    return true;
}

const struct command command_account_show = {
    .name = "account show",
    .group = "Accounts",
    .arguments = "[ACCOUNT]",
    .help = "show one account",
    .about = "Shows one account: its status, when it was last used, and when it expires.",
    .argument_help = ARGUMENTS({"ACCOUNT", "id or email of the account; without it, the profile's account"}),
    .examples = EXAMPLES({"account show", "The profile's account."},
                         {"account show service-mycompany-filesync@example.com --json", "Another account, as JSON."}),
    .uses = USE_API,
    .options = OPTIONS(&option_json),
    .run = account_show,
};
