// ssa-hsm key show KEY_ID
#include "cli/key/key.h"

static bool print_json(const struct ssa_keys *found, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    key_members(&d, &found->list[0]);
    return document_print(&d, err);
}

static bool print_table(const struct ssa_keys *found, struct ssa_error *err)
{
    const struct ssa_key *key = &found->list[0];
    struct table table;
    table_begin(&table, 2, NULL);
    table_add_pair(&table, "key", key->id);
    table_keep(&table);
    table_add_pair(&table, "account", key->account);
    table_keep(&table);
    table_add_pair(&table, "email", key->email);
    table_keep(&table);
    table_add_pair(&table, "status", key_status(key));
    table_paint(&table, status_tone(key_status(key)));
    table_add(&table, "created");
    table_add_time(&table, key->created);
    table_add(&table, "last used");
    table_add_time(&table, key->accessed);
    table_add_pair(&table, "used here", key->own ? "yes, the settings use it" : "no, the settings do not use it");
    table_add(&table, "token");
    table_add_places(&table, key);
    for (size_t i = 0; i < key->place_count; i++) {
        table_add_pair(&table, "uri", key->places[i].uri);
        table_keep(&table);
        const char *modulus = key->places[i].modulus_sha256;
        table_add_pair(&table, "modulus", modulus[0] != '\0' ? modulus : "the token does not tell");
        table_keep(&table);
    }
    if (!table_print(&table, err))
        return false;
    keys_notes(found);
    return true;
}

static bool key_show(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const struct ssa_keys_wanted wanted = {.account = option_value(a, &option_account),
                                           .login = option_given(a, &option_login)};
    struct ssa_keys found;
    if (!ssa_key_show(&i->run, &wanted, a->words[0], &found, err))
        return false;
    const bool printed = option_given(a, &option_json) ? print_json(&found, err) : print_table(&found, err);
    ssa_keys_free(&found);
    return printed;
}

const struct command command_key_show = {
    .name = "key show",
    .group = "Keys",
    .arguments = "KEY_ID",
    .help = "show one key, at the API and on tokens",
    .about = "Shows one key: its status at the API, the PKCS#11 tokens here that have it, and its URI "
             "there.",
    .argument_help = ARGUMENTS({"KEY_ID", "id of the key"}),
    .examples =
        EXAMPLES({"key show 1234abcd", "One of the keys of the profile's account."},
                 {"key show 1234abcd --account robot@example.com --json", "A key of another account, as JSON."}),
    .uses = USE_API | USE_TOKEN,
    .options = OPTIONS(&option_account, &option_login, &option_json),
    .run = key_show,
};
