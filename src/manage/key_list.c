// The API's keys and the tokens', side by side.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/tell.h"
#include "core/text.h"
#include "manage/account_reference.h"
#include "manage/token_keys.h"
#include "signer/api_client.h"

static const char scopes[] = APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

enum { ROWS_STEP = 16 };

static void key_free(struct ssa_key *key)
{
    for (size_t i = 0; i < key->place_count; i++)
        free(key->places[i].uri);
    free(key->places);
}

void ssa_keys_free(struct ssa_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        key_free(&keys->list[i]);
    free(keys->list);
    *keys = (struct ssa_keys){0};
}

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of keys");
}

static struct ssa_key *add_row(const struct ssa_run *run, struct ssa_keys *keys,
                               const struct aps_account *account, const char *kid)
{
    if (keys->count % ROWS_STEP == 0) {
        struct ssa_key *grown = realloc(keys->list, (keys->count + ROWS_STEP) * sizeof *grown);
        if (grown == NULL)
            return NULL;
        keys->list = grown;
    }
    struct ssa_key *key = &keys->list[keys->count++];
    *key = (struct ssa_key){.own = settings_own_key(run, account->id, kid)};
    (void)text_format(key->id, sizeof key->id, "%s", kid);
    (void)text_format(key->account, sizeof key->account, "%s", account->id);
    (void)text_format(key->email, sizeof key->email, "%s", account->email);
    return key;
}

// What the API says of one account's keys.
static bool add_api_keys(const struct ssa_run *run, struct aps *client, const struct aps_account *account,
                         struct ssa_keys *keys, struct ssa_error *err)
{
    struct aps_keys found;
    if (!aps_key_list(client, account->id, &found, err)) {
        aps_explain_keys(client, account->id, false, err);
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        const struct aps_key *from = &found.list[i];
        struct ssa_key *key = add_row(run, keys, account, from->kid);
        if (key == NULL)
            return no_memory(err);
        key->at_api = true;
        memcpy(key->status, from->status, sizeof key->status);
        key->created = (struct ssa_time){from->has_created_at, (long long)from->created_at};
        key->accessed = (struct ssa_time){from->has_accessed_at, (long long)from->accessed_at};
    }
    return true;
}

// The place becomes the key's, with its URI.
static bool attach(struct ssa_key *key, struct place *place)
{
    struct ssa_place *grown = realloc(key->places, (key->place_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    key->places = grown;
    key->places[key->place_count++] = place->shown;
    place->shown.uri = NULL;
    place->joined = true;
    return true;
}

// One that a token does not tell is neither the same as another nor a different one.
static bool has_modulus(const struct ssa_key *key, const char *modulus)
{
    for (size_t i = 0; modulus[0] != '\0' && i < key->place_count; i++)
        if (strcmp(key->places[i].modulus_sha256, modulus) == 0)
            return true;
    return false;
}

// Whether the places of a key that tell their modulus all tell another.
static bool is_another(const struct ssa_key *key, const char *modulus)
{
    bool told = false;
    for (size_t i = 0; i < key->place_count; i++)
        told = told || key->places[i].modulus_sha256[0] != '\0';
    return told && modulus[0] != '\0' && !has_modulus(key, modulus);
}

// By what the token calls it; one that has no name there (another tool put it in), by the settings that use
// it.
static bool is_of(const struct place *place, const struct ssa_key *key)
{
    return strcmp(place->kid, key->id) == 0 || (place->own && key->own && place->kid[0] == '\0');
}

// By KEY_ID first; then whatever else holds the same numbers, under whichever id.
static bool attach_all(const struct ssa_run *run, struct ssa_key *key, struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->list[i];
        if (place->joined || !is_of(place, key))
            continue;
        key->conflict = key->conflict || is_another(key, place->shown.modulus_sha256);
        if (!attach(key, place))
            return false;
    }
    for (size_t i = 0; i < places->count; i++)
        if (!places->list[i].joined && has_modulus(key, places->list[i].shown.modulus_sha256) &&
            !attach(key, &places->list[i]))
            return false;
    if (key->conflict)
        tell(&run->callbacks, SSA_WARNING,
             "tokens hold different keys under the id %s: `ssa-hsm key verify` and `ssa-hsm token` show "
             "whether the one in use is the right one",
             key->id);
    return true;
}

// Whether a token's word names this account: its email, the email's local part, or its id.
static bool names(const char *name, const struct aps_account *account)
{
    const size_t local = strcspn(account->email, "@");
    return name[0] != '\0' &&
           (strcmp(name, account->id) == 0 || strcasecmp(name, account->email) == 0 ||
            (local > 0 && strlen(name) == local && strncasecmp(name, account->email, local) == 0));
}

static bool only_on_token(const struct place *place)
{
    return !place->joined && place->kid[0] != '\0' && place->name[0] != '\0';
}

// The settings need not know the email that tokens call the account by.
static bool learn_email(struct aps *client, const struct places *places, struct aps_account *account,
                        struct ssa_error *err)
{
    bool needed = false;
    char id[APS_ID_MAX];
    memcpy(id, account->id, sizeof id);
    for (size_t i = 0; i < places->count; i++)
        needed = needed || only_on_token(&places->list[i]);
    return account->email[0] != '\0' || !needed || aps_account_get(client, id, account, err);
}

static bool add_token_keys(const struct ssa_run *run, const struct aps_account *account,
                           struct places *places, struct ssa_keys *keys, struct ssa_error *err)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->list[i];
        if (!only_on_token(place) || !names(place->name, account))
            continue;
        struct ssa_key *key = add_row(run, keys, account, place->kid);
        if (key == NULL || !attach_all(run, key, places))
            return no_memory(err);
    }
    return true;
}

static bool find_accounts(struct aps *client, const struct ssa_keys_wanted *wanted,
                          const struct subject *subject, struct aps_accounts *accounts, struct ssa_error *err)
{
    if (wanted->all)
        return aps_account_list(client, accounts, err);
    accounts->count = 1;
    return subject_find(client, subject, &accounts->list[0], err);
}

// One account that is not enabled does not hide the others. Whether a token's key is one of its own cannot be
// said then: it leaves the list.
static bool skipped(const struct ssa_run *run, bool all, struct aps_account *account,
                    const struct ssa_error *why)
{
    if (!all || why->code != SSA_REFUSED || strcmp(account->status, APS_ENABLED) == 0)
        return false;
    tell(&run->callbacks, SSA_WARNING, "the keys of account %s, which is %s, are left out: %s", account->id,
         account->status, why->what);
    *account = (struct aps_account){0};
    return true;
}

static bool join(const struct ssa_run *run, struct aps *client, bool all, struct aps_accounts *accounts,
                 struct places *places, struct ssa_keys *keys, struct ssa_error *err)
{
    for (size_t i = 0; i < accounts->count; i++) {
        struct ssa_error why = {0};
        if (accounts->count > 1)
            tell(&run->callbacks, SSA_PROGRESS, "account %zu of %zu", i + 1, accounts->count);
        if (add_api_keys(run, client, &accounts->list[i], keys, &why) ||
            skipped(run, all, &accounts->list[i], &why))
            continue;
        if (err != NULL)
            *err = why;
        return false;
    }
    for (size_t i = 0; i < keys->count; i++)
        if (!attach_all(run, &keys->list[i], places))
            return no_memory(err);
    for (size_t i = 0; i < accounts->count; i++)
        if (accounts->list[i].id[0] != '\0' && (!learn_email(client, places, &accounts->list[i], err) ||
                                                !add_token_keys(run, &accounts->list[i], places, keys, err)))
            return false;
    return true;
}

bool ssa_key_list(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, struct ssa_keys *keys,
                  struct ssa_error *err)
{
    struct subject subject = {0};
    struct aps_accounts accounts = {0};
    PLACES_AUTO places = {0};
    CLIENT_SECRET_AUTO secret = {0};
    APS_AUTO *client = NULL;
    *keys = (struct ssa_keys){0};
    if (wanted->all && wanted->account != NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "all accounts, or one of them: not both");
    // The tokens first: children are forked while there is no thread of the connection's yet.
    if ((!wanted->all && !subject_choose(run, wanted->account, &subject, err)) ||
        !places_look(run, &places, err) || (wanted->login && !places_login(run, &places, &secret, err)))
        return false;
    const enum other_token other = wanted->login ? OTHER_TOKEN_OPEN : OTHER_TOKEN_NONE;
    if (client_secret_read(run, &secret, other, NULL, err) &&
        manage_begin_with(run, scopes, &secret, &client, err) &&
        find_accounts(client, wanted, &subject, &accounts, err) &&
        join(run, client, wanted->all, &accounts, &places, keys, err))
        return true;
    ssa_keys_free(keys);
    return false;
}

bool ssa_key_show(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                  struct ssa_keys *found, struct ssa_error *err)
{
    *found = (struct ssa_keys){0};
    if (!aps_is_id(key_id))
        return error_set(err, SSA_USAGE, NULL, key_id, "can be no key's id");
    if (!ssa_key_list(run, wanted, found, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (kept == 0 && strcmp(found->list[i].id, key_id) == 0) {
            const struct ssa_key first = found->list[i];
            found->list[kept++] = first;
        } else {
            key_free(&found->list[i]);
        }
    }
    found->count = kept;
    if (kept > 0)
        return true;
    ssa_keys_free(found);
    error_set(err, SSA_REFUSED, NULL, key_id, "neither the account nor a token here has such a key");
    return error_hint(err, "`ssa-hsm key list` shows the account's keys; --account names another account.");
}
