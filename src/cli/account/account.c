// Accounts as they are printed, and the change of their status.
#include "cli/account/account.h"

#include "cli/command/common.h"
#include "cli/output/age.h"
#include "cli/output/print.h"
#include "cli/output/table.h"

void account_members(struct json_writer *w, const struct ssa_account *account)
{
    member_text(w, "serviceAccountId", account->id);
    member_text(w, "email", account->email);
    member_text(w, "createdBy", account->created_by);
    member_text(w, "status", account->status);
    when_json(w, "createdAt", account->created);
    when_json(w, "accessedAt", account->accessed);
    when_json(w, "expiresAt", account->expires);
    member_bool(w, "own", account->own);
}

// changed is NULL where that is not told.
static bool print_json(const struct ssa_account *account, const bool *changed, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, ACCOUNT_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_OBJECT);
    account_members(&d.json, account);
    if (changed != NULL)
        member_bool(&d.json, "changed", *changed);
    json_close(&d.json, JSON_OBJECT);
    return document_print(&d, err);
}

bool account_print(const struct ssa_account *account, bool as_json, struct ssa_error *err)
{
    struct table table;
    if (as_json)
        return print_json(account, NULL, err);
    table_begin(&table, 2, NULL);
    table_add_pair(&table, "account", account->id);
    table_add_pair(&table, "email", account->email);
    table_add_pair(&table, "status", account->status);
    table_add(&table, "created");
    table_add_time(&table, account->created);
    table_add(&table, "last used");
    table_add_time(&table, account->accessed);
    table_add(&table, "expires");
    table_add_time(&table, account->expires);
    table_add_pair(&table, "created by", account->created_by);
    return table_print(&table, err);
}

const char *account_argument(const struct invocation *i)
{
    return i->arguments->word_count > 0 ? i->arguments->words[0] : NULL;
}

bool account_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err)
{
    struct ssa_account after;
    bool changed = false;
    if (!ssa_account_enable(&i->run, account_argument(i), enable, &after, &changed, err))
        return false;
    if (!changed)
        print_note("account %s was already %s", after.id, enable ? "enabled" : "disabled");
    else if (enable)
        print_note("account %s is enabled", after.id);
    else
        print_note("account %s is disabled: it gets no access tokens, and its keys cannot be managed, until\n"
                   "`ssa-hsm account enable %s`. Access tokens that it has got stay valid for up to an hour.",
                   after.id, after.id);
    return !option_given(i->arguments, &option_json) || print_json(&after, &changed, err);
}
