#include "cli/key/key.h"

#include "cli/output/print.h"

static void add_place(struct document *d, const struct ssa_place *place)
{
    document_open_item(d);
    member_text(&d->json, "label", place->label);
    member_text(&d->json, "serial", place->serial);
    member_text(&d->json, "slot", place->slot);
    member_text(&d->json, "uri", place->uri);
    member_text(&d->json, "modulusSha256", place->modulus_sha256);
    member_bool_or_null(&d->json, "privateKey", place->private_half != SSA_PRIVATE_UNSEEN,
                        place->private_half == SSA_PRIVATE_THERE);
    json_close(&d->json, JSON_OBJECT);
}

void key_members(struct document *d, const struct ssa_key *key)
{
    member_text(&d->json, "keyId", key->id);
    member_text(&d->json, "serviceAccountId", key->account);
    member_text(&d->json, "email", key->email);
    member_bool(&d->json, "own", key->own);
    member_bool(&d->json, "atApi", key->at_api);
    member_text(&d->json, "status", key->status);
    when_json(&d->json, "createdAt", key->created);
    when_json(&d->json, "accessedAt", key->accessed);
    member_bool(&d->json, "conflict", key->conflict);
    member_open(&d->json, "tokens", JSON_ARRAY);
    for (size_t i = 0; i < key->place_count; i++)
        add_place(d, &key->places[i]);
    json_close(&d->json, JSON_ARRAY);
}

const char *key_status(const struct ssa_key *key)
{
    return key->at_api ? key->status : NOT_AT_API;
}

void table_add_places(struct table *table, const struct ssa_key *key)
{
    static const char *const halves[] = {"", " (private key)", " (public half only)"};
    table_add(table, key->place_count == 0 ? "not here" : "");
    for (size_t i = 0; i < key->place_count; i++) {
        const struct ssa_place *place = &key->places[i];
        table_append(table, "%s%s%s%s%s", i > 0 ? ", " : "", place->label[0] != '\0' ? place->label : place->serial,
                     place->slot[0] != '\0' ? " slot " : "", place->slot, halves[place->private_half]);
    }
}

void keys_notes(const struct ssa_keys *keys)
{
    bool elsewhere = false, unknown = false;
    for (size_t i = 0; i < keys->count; i++) {
        elsewhere = elsewhere || keys->list[i].place_count == 0;
        unknown = unknown || !keys->list[i].at_api;
    }
    if (elsewhere)
        print_note("not here: no PKCS#11 token that was looked at shows the key. It may be on a token of another "
                   "machine, so only its owner can say whether it may be deleted.");
    if (unknown)
        print_note("not at the API: the API no longer knows the key, so its object on the PKCS#11 token is "
                   "useless.");
}
