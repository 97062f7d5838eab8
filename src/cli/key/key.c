// Keys as they are printed, and the change of their status.
#include "cli/key/key.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/output/age.h"
#include "cli/output/print.h"

enum { KEY_JSON_MAX = 2048, PLACE_JSON_MAX = 5120 };

size_t keys_json_max(const struct ssa_keys *keys)
{
    size_t most = KEY_JSON_MAX;
    for (size_t i = 0; i < keys->count; i++)
        most += KEY_JSON_MAX + keys->list[i].place_count * PLACE_JSON_MAX;
    return most;
}

static void place_json(struct json_writer *w, const struct ssa_place *place)
{
    json_open(w, JSON_OBJECT);
    member_text(w, "label", place->label);
    member_text(w, "serial", place->serial);
    member_text(w, "slot", place->slot);
    member_text(w, "uri", place->uri);
    member_text(w, "modulusSha256", place->modulus_sha256);
    member_bool_or_null(w, "privateKey", place->private_half != SSA_PRIVATE_UNSEEN,
                        place->private_half == SSA_PRIVATE_THERE);
    json_close(w, JSON_OBJECT);
}

void key_json(struct json_writer *w, const struct ssa_key *key)
{
    json_open(w, JSON_OBJECT);
    member_text(w, "keyId", key->id);
    member_text(w, "serviceAccountId", key->account);
    member_text(w, "email", key->email);
    member_bool(w, "own", key->own);
    member_bool(w, "atApi", key->at_api);
    member_text(w, "status", key->status);
    when_json(w, "createdAt", key->created);
    when_json(w, "accessedAt", key->accessed);
    member_bool(w, "conflict", key->conflict);
    json_name(w, "tokens");
    json_open(w, JSON_ARRAY);
    for (size_t i = 0; i < key->place_count; i++)
        place_json(w, &key->places[i]);
    json_close(w, JSON_ARRAY);
    json_close(w, JSON_OBJECT);
}

void table_add_places(struct table *table, const struct ssa_key *key)
{
    static const char *const halves[] = {"", " (private key)", " (public half only)"};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        table->lost = true;
        return;
    }
    if (key->place_count == 0)
        (void)fputs("not here", out);
    for (size_t i = 0; i < key->place_count; i++) {
        const struct ssa_place *place = &key->places[i];
        (void)fprintf(out, "%s%s%s%s%s", i > 0 ? ", " : "", place->label[0] != '\0' ? place->label : place->serial,
                      place->slot[0] != '\0' ? " slot " : "", place->slot, halves[place->private_half]);
    }
    if (fclose(out) == 0)
        table_add(table, text);
    else
        table->lost = true;
    free(text);
}

void keys_notes(const struct ssa_keys *keys)
{
    bool elsewhere = false, unknown = false;
    for (size_t i = 0; i < keys->count; i++) {
        elsewhere = elsewhere || keys->list[i].place_count == 0;
        unknown = unknown || !keys->list[i].at_api;
    }
    if (elsewhere)
        print_note("not here: no PKCS#11 token that was looked at shows the key. It may be on a token of another\n"
                   "machine, so only its owner can say whether it may be deleted.");
    if (unknown)
        print_note("not at the API: the API no longer knows the key, so its object on the PKCS#11 token is\n"
                   "useless.");
}

static bool print_changed(const char *key_id, bool enabled, bool changed, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, KEY_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_OBJECT);
    member_text(&d.json, "keyId", key_id);
    member_text(&d.json, "status", enabled ? "ENABLED" : "DISABLED");
    member_bool(&d.json, "changed", changed);
    json_close(&d.json, JSON_OBJECT);
    return document_print(&d, err);
}

bool key_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err)
{
    const char *key_id = i->arguments->words[0], *account = option_value(i->arguments, &option_account);
    bool changed = false;
    if (!ssa_key_enable(&i->run, account, key_id, enable, &changed, err))
        return false;
    if (!changed)
        print_note("key %s was already %s", key_id, enable ? "enabled" : "disabled");
    else if (enable)
        print_note("key %s is enabled", key_id);
    else
        print_note("key %s is disabled: it gets no access tokens until\n"
                   "`ssa-hsm key enable %s%s%s`. Access tokens that it has got stay valid for up to an hour.",
                   key_id, key_id, account != NULL ? " --account " : "", account != NULL ? account : "");
    return !option_given(i->arguments, &option_json) || print_changed(key_id, enable, changed, err);
}
