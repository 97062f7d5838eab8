// ssa-hsm key show KEY_ID
#include <time.h>

#include "cli/age.h"
#include "cli/key.h"
#include "cli/table.h"

static bool print_json(const struct ssa_keys *found, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, keys_json_max(found), err))
        return false;
    key_json(&d.json, &found->list[0]);
    return document_print(&d, err);
}

static void add(struct table *table, const char *name, const char *value)
{
    table_add(table, name);
    table_add(table, value[0] != '\0' ? value : "-");
}

static bool print_text(const struct ssa_keys *found, struct ssa_error *err)
{
    const struct ssa_key *key = &found->list[0];
    const long long now = (long long)time(NULL);
    char created[WHEN_TEXT_MAX], accessed[WHEN_TEXT_MAX], where[WHERE_TEXT_MAX];
    struct table table;
    when_text(key->created, now, created);
    when_text(key->accessed, now, accessed);
    key_where(key, where);
    table_begin(&table, 2, NULL);
    add(&table, "key", key->id);
    add(&table, "account", key->account);
    add(&table, "email", key->email);
    add(&table, "status", key->at_api ? key->status : "not at the API");
    add(&table, "created", created);
    add(&table, "last used", accessed);
    add(&table, "used here", key->own ? "yes, the settings use it" : "no, the settings do not use it");
    add(&table, "token", where);
    for (size_t i = 0; i < key->place_count; i++) {
        add(&table, "uri", key->places[i].uri);
        const char *modulus = key->places[i].modulus_sha256;
        add(&table, "modulus", modulus[0] != '\0' ? modulus : "not told by the token");
    }
    if (!table_print(&table, err))
        return false;
    keys_notes(found);
    return true;
}

bool command_key_show(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_keys_wanted wanted = {.account = i->arguments->values[OPT_ACCOUNT],
                                           .login = i->arguments->given[OPT_LOGIN]};
    struct ssa_keys found;
    if (!ssa_key_show(&i->run, &wanted, i->words[0], &found, err))
        return false;
    const bool printed = i->arguments->given[OPT_JSON] ? print_json(&found, err) : print_text(&found, err);
    ssa_keys_free(&found);
    return printed;
}
