// ssa-hsm account list
#include "cli/account/account.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/text.h"

static bool print_json(const struct ssa_accounts *accounts, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_ARRAY, err))
        return false;
    for (size_t i = 0; i < accounts->count; i++) {
        document_open_item(&d);
        account_members(&d.json, &accounts->list[i]);
        json_close(&d.json, JSON_OBJECT);
    }
    return document_print(&d, err);
}

static bool print_table(const struct ssa_accounts *accounts, struct ssa_error *err)
{
    static const char *const heads[] = {"", "ID", "STATUS", "CREATED", "LAST USED", "EXPIRES", "EMAIL"};
    static const struct column_fit fits[] = {{0}, {5, 12}, {0}, {2, 11}, {3, 11}, {1, 11}, {4, 12}};
    struct table table;
    table_begin(&table, COUNT(heads), heads);
    table_fit(&table, fits);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct ssa_account *account = &accounts->list[i];
        table_add(&table, account->own ? "*" : "");
        table_add(&table, account->id);
        table_add(&table, account->status);
        table_paint(&table, status_tone(account->status));
        table_add_time(&table, account->created);
        table_add_time(&table, account->accessed);
        table_add_time(&table, account->expires);
        table_add(&table, account->email);
    }
    return table_print(&table, err);
}

static bool account_list(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_accounts accounts;
    if (!ssa_account_list(&i->run, &accounts, err))
        return false;
    const bool as_json = option_given(i->arguments, &option_json), none = accounts.count == 0 && !as_json;
    if (none)
        print_note("the client id has no service accounts; `ssa-hsm account create FIRST LAST` makes one");
    const bool printed = none || (as_json ? print_json(&accounts, err) : print_table(&accounts, err));
    ssa_accounts_free(&accounts);
    return printed;
}

const struct command command_account_list = {
    .name = "account list",
    .group = "Accounts",
    .help = "list the service accounts of the client id",
    .about = "Lists all service accounts of the client id. The account that the settings use is marked "
             "with *.",
    .examples = EXAMPLES({"account list", "A table, with times in the local time zone."},
                         {"account list --json", "The same as JSON, with times in UTC."}),
    .uses = USE_API,
    .options = OPTIONS(&option_json),
    .run = account_list,
};
