#include "manage/key_match.h"

#include <stdlib.h>
#include <strings.h>

void key_free_places(struct ssa_key *key)
{
    for (size_t i = 0; i < key->place_count; i++)
        free(key->places[i].uri);
    free(key->places);
}

// The key takes over the URI.
static bool attach(struct ssa_key *key, struct token_key *found)
{
    struct ssa_place *grown = reallocarray(key->places, key->place_count + 1, sizeof *grown);
    if (grown == NULL)
        return false;
    key->places = grown;
    key->places[key->place_count++] = found->place;
    found->place.uri = NULL;
    found->listed = true;
    return true;
}

// A token may not show a key's modulus. Then the key is neither the same as another one nor a different one.
static bool has_modulus(const struct ssa_key *key, const char *modulus)
{
    for (size_t i = 0; modulus[0] != '\0' && i < key->place_count; i++)
        if (strcmp(key->places[i].modulus_sha256, modulus) == 0)
            return true;
    return false;
}

// Whether some places of the key show their modulus, and none has this one.
static bool has_another_modulus(const struct ssa_key *key, const char *modulus)
{
    bool told = false;
    for (size_t i = 0; i < key->place_count; i++)
        told = told || key->places[i].modulus_sha256[0] != '\0';
    return told && modulus[0] != '\0' && !has_modulus(key, modulus);
}

// Another tool may have stored the key without its id. Then it is identified by the settings that use it.
static bool has_id_of(const struct token_key *found, const struct ssa_key *key)
{
    return strcmp(found->kid, key->id) == 0 || (found->own && key->own && found->kid[0] == '\0');
}

bool key_match(struct ssa_key *key, struct token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct token_key *found = &keys->list[i];
        if (found->listed || !has_id_of(found, key))
            continue;
        key->conflict = key->conflict || has_another_modulus(key, found->place.modulus_sha256);
        if (!attach(key, found))
            return false;
    }
    for (size_t i = 0; i < keys->count; i++) {
        struct token_key *found = &keys->list[i];
        if (!found->listed && has_modulus(key, found->place.modulus_sha256) && !attach(key, found))
            return false;
    }
    return true;
}

bool token_key_is_alone(const struct token_key *key)
{
    return !key->listed && key->kid[0] != '\0' && key->name[0] != '\0';
}

bool token_key_is_of(const struct token_key *key, const struct aps_account *account)
{
    const size_t local = strcspn(account->email, "@");
    return strcmp(key->name, account->id) == 0 || strcasecmp(key->name, account->email) == 0 ||
           (local > 0 && strlen(key->name) == local && strncasecmp(key->name, account->email, local) == 0);
}
