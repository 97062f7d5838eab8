// Accounts as they are printed, and the change of their status.
#include "cli/account.h"

#include <time.h>

#include "cli/age.h"
#include "cli/print.h"
#include "cli/table.h"

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

static void add(struct table *table, const char *name, const char *value)
{
    table_add(table, name);
    table_add(table, value[0] != '\0' ? value : "-");
}

static bool print_json(const struct ssa_account *account, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, ACCOUNT_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_OBJECT);
    account_members(&d.json, account);
    json_close(&d.json, JSON_OBJECT);
    return document_print(&d, err);
}

bool account_print(const struct ssa_account *account, bool as_json, struct ssa_error *err)
{
    const struct {
        const char *name;
        struct ssa_time time;
    } times[] = {
        {"created", account->created}, {"last used", account->accessed}, {"expires", account->expires}};
    const long long now = (long long)time(NULL);
    struct table table;
    if (as_json)
        return print_json(account, err);
    table_begin(&table, 2, NULL);
    add(&table, "account", account->id);
    add(&table, "email", account->email);
    add(&table, "status", account->status);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char when[WHEN_TEXT_MAX];
        when_text(times[i].time, now, when);
        add(&table, times[i].name, when);
    }
    add(&table, "created by", account->created_by);
    return table_print(&table, err);
}

static bool print_changed(const struct ssa_account *after, bool changed, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, ACCOUNT_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_OBJECT);
    account_members(&d.json, after);
    member_bool(&d.json, "changed", changed);
    json_close(&d.json, JSON_OBJECT);
    return document_print(&d, err);
}

bool account_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err)
{
    struct ssa_account after;
    bool changed = false;
    if (!ssa_account_enable(&i->run, i->word_count > 0 ? i->words[0] : NULL, enable, &after, &changed, err))
        return false;
    if (!changed)
        print_note("account %s was %s already", after.id, enable ? "enabled" : "disabled");
    else if (enable)
        print_note("account %s is enabled", after.id);
    else
        print_note("account %s is disabled: it gets no tokens, and its keys cannot be managed, until\n"
                   "`ssa-hsm account enable %s`. Tokens that are out live on, for up to an hour.",
                   after.id, after.id);
    return !i->arguments->given[OPT_JSON] || print_changed(&after, changed, err);
}
