// ssa-hsm account list
#include <time.h>

#include "cli/account.h"
#include "cli/age.h"
#include "cli/print.h"
#include "cli/table.h"

static bool print_json(const struct ssa_accounts *accounts, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, (accounts->count + 1) * ACCOUNT_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_ARRAY);
    for (size_t i = 0; i < accounts->count; i++) {
        json_open(&d.json, JSON_OBJECT);
        account_members(&d.json, &accounts->list[i]);
        json_close(&d.json, JSON_OBJECT);
    }
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, err);
}

static bool print_table(const struct ssa_accounts *accounts, struct ssa_error *err)
{
    static const char *const heads[] = {"", "ID", "STATUS", "CREATED", "LAST USED", "EXPIRES", "EMAIL"};
    const long long now = (long long)time(NULL);
    struct table table;
    table_begin(&table, sizeof heads / sizeof heads[0], heads);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct ssa_account *account = &accounts->list[i];
        const struct ssa_time times[] = {account->created, account->accessed, account->expires};
        table_add(&table, account->own ? "*" : "");
        table_add(&table, account->id);
        table_add(&table, account->status);
        for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
            char when[WHEN_TEXT_MAX];
            when_text(times[k], now, when);
            table_add(&table, when);
        }
        table_add(&table, account->email);
    }
    return table_print(&table, err);
}

bool command_account_list(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_accounts accounts;
    if (!ssa_account_list(&i->run, &accounts, err))
        return false;
    const bool as_json = i->arguments->given[OPT_JSON], none = accounts.count == 0 && !as_json;
    if (none)
        print_note("the client id has no service accounts; `ssa-hsm account create FIRST LAST` makes one");
    const bool printed = none || (as_json ? print_json(&accounts, err) : print_table(&accounts, err));
    ssa_accounts_free(&accounts);
    return printed;
}
