// ssa-hsm key list
#include <time.h>

#include "cli/age.h"
#include "cli/key.h"
#include "cli/print.h"
#include "cli/table.h"

static bool print_json(const struct ssa_keys *keys, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, keys_json_max(keys), err))
        return false;
    json_open(&d.json, JSON_ARRAY);
    for (size_t i = 0; i < keys->count; i++)
        key_json(&d.json, &keys->list[i]);
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, err);
}

static void add_row(struct table *table, const struct ssa_key *key, bool with_account, long long now)
{
    char created[WHEN_TEXT_MAX], accessed[WHEN_TEXT_MAX], where[WHERE_TEXT_MAX];
    when_text(key->created, now, created);
    when_text(key->accessed, now, accessed);
    key_where(key, where);
    table_add(table, key->own ? "*" : "");
    if (with_account)
        table_add(table, key->account);
    table_add(table, key->id);
    table_add(table, !key->at_api ? "not at the API" : key->status);
    table_add(table, created);
    table_add(table, accessed);
    table_add(table, where);
}

static bool print_table(const struct ssa_keys *keys, bool with_account, struct ssa_error *err)
{
    static const char *const heads[] = {"", "ACCOUNT", "KEY_ID", "STATUS", "CREATED", "LAST USED", "TOKEN"};
    enum { HEADS = sizeof heads / sizeof heads[0] };
    const long long now = (long long)time(NULL);
    struct table table;
    table_begin(&table, with_account ? HEADS : HEADS - 1, NULL);
    for (size_t i = 0; i < HEADS; i++)
        if (with_account || i != 1)
            table_add(&table, heads[i]);
    for (size_t i = 0; i < keys->count; i++)
        add_row(&table, &keys->list[i], with_account, now);
    return table_print(&table, err);
}

static bool print_keys(const struct invocation *i, const struct ssa_keys *keys, struct ssa_error *err)
{
    bool own = false;
    if (i->arguments->given[OPT_JSON])
        return print_json(keys, err);
    if (keys->count == 0) {
        print_note("there are no keys, neither at the API nor on a token that was looked at");
        return true;
    }
    for (size_t k = 0; k < keys->count; k++)
        own = own || keys->list[k].own;
    if (!print_table(keys, i->arguments->given[OPT_ALL], err))
        return false;
    if (own)
        print_note("* is the key that the settings use");
    keys_notes(keys);
    return true;
}

bool command_key_list(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_keys_wanted wanted = {.account = i->arguments->values[OPT_ACCOUNT],
                                           .all = i->arguments->given[OPT_ALL],
                                           .login = i->arguments->given[OPT_LOGIN]};
    struct ssa_keys keys;
    if (!ssa_key_list(&i->run, &wanted, &keys, err))
        return false;
    const bool printed = print_keys(i, &keys, err);
    ssa_keys_free(&keys);
    return printed;
}
