// ssa-hsm key list
#include "cli/key/key.h"
#include "cli/output/print.h"
#include "core/text.h"

static const struct option option_all = {"all", .help = "list the keys of all accounts of the client id"};

static bool print_json(const struct ssa_keys *keys, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_ARRAY, err))
        return false;
    for (size_t i = 0; i < keys->count; i++) {
        document_open_item(&d);
        key_members(&d, &keys->list[i]);
        json_close(&d.json, JSON_OBJECT);
    }
    return document_print(&d, err);
}

static void add_row(struct table *table, const struct ssa_key *key, bool with_account)
{
    table_add(table, key->own ? "*" : "");
    if (with_account)
        table_add(table, key->account);
    table_add(table, key->id);
    table_add(table, key_status(key));
    table_paint(table, status_tone(key_status(key)));
    table_add_time(table, key->created);
    table_add_time(table, key->accessed);
    table_add_places(table, key);
}

static bool print_table(const struct ssa_keys *keys, bool with_account, struct ssa_error *err)
{
    static const char *const heads[] = {"", "ACCOUNT", "KEY_ID", "STATUS", "CREATED", "LAST USED", "TOKEN"};
    enum { HEADS = COUNT(heads) };
    static const struct column_fit fits[] = {{0}, {5, 12}, {0}, {1, 11}, {2, 11}, {4, 12}};
    static const struct column_fit fits_with_account[] = {{0}, {3, 12}, {5, 12}, {0}, {1, 11}, {2, 11}, {4, 12}};
    struct table table;
    table_begin(&table, with_account ? HEADS : HEADS - 1, NULL);
    table_fit(&table, with_account ? fits_with_account : fits);
    for (size_t i = 0; i < HEADS; i++)
        if (with_account || i != 1)
            table_add(&table, heads[i]);
    for (size_t i = 0; i < keys->count; i++)
        add_row(&table, &keys->list[i], with_account);
    return table_print(&table, err);
}

static bool print_keys(const struct invocation *i, const struct ssa_keys *keys, struct ssa_error *err)
{
    bool own = false;
    if (option_given(i->arguments, &option_json))
        return print_json(keys, err);
    if (keys->count == 0) {
        print_note("there are no keys, neither at the API nor on a PKCS#11 token that was looked at");
        return true;
    }
    for (size_t k = 0; k < keys->count; k++)
        own = own || keys->list[k].own;
    if (!print_table(keys, option_given(i->arguments, &option_all), err))
        return false;
    if (own)
        print_note("* is the key that the settings use");
    keys_notes(keys);
    return true;
}

static bool key_list(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const struct ssa_keys_wanted wanted = {.account = option_value(a, &option_account),
                                           .all = option_given(i->arguments, &option_all),
                                           .login = option_given(a, &option_login)};
    struct ssa_keys keys;
    if (!ssa_key_list(&i->run, &wanted, &keys, err))
        return false;
    const bool printed = print_keys(i, &keys, err);
    ssa_keys_free(&keys);
    return printed;
}

const struct command command_key_list = {
    .name = "key list",
    .group = "Keys",
    .help = "list an account's keys, at the API and on tokens",
    .about = "Lists the keys of an account at the API, together with those on the PKCS#11 tokens here. "
             "The key that the settings use is marked with *. A key that is \"not here\" may be on the "
             "PKCS#11 token of another machine.",
    .examples = EXAMPLES(
        {"key list", "The keys of the profile's account."},
        {"key list --account service-mycompany-filesync@example.com --login",
         "Those of another account; a login shows private keys, too."},
        {"key list --all --json", "Those of all accounts, as JSON. This waits as long as the rate limit demands."}),
    .uses = USE_API | USE_TOKEN,
    .options = OPTIONS(&option_account, &option_all, &option_login, &option_json),
    .run = key_list,
};
