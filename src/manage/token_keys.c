#include "manage/token_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/identity.h"
#include "core/callback.h"
#include "core/fingerprint.h"
#include "hsm/uri/uri_text.h"
#include "pin/turn.h"
#include "signer/open_token.h"

enum { KEYS_FEWEST = 16 };

void token_keys_free(struct token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->list[i].place.uri);
    free(keys->list);
    for (size_t i = 0; i < keys->failure_count; i++)
        free(keys->failures[i]);
    free(keys->failures);
    *keys = (struct token_keys){0};
}

// Tells two tokens with the same label and serial number apart. Modules may give one token different models and slots:
// then these are not compared.
static bool told_apart(const struct token_apart *a, const struct token_apart *b)
{
    const unsigned by = a->by & b->by;
    return ((by & BY_SLOT) != 0 && a->slot != b->slot) ||
           ((by & BY_MODEL) != 0 && memcmp(a->model, b->model, sizeof a->model) != 0) ||
           ((by & BY_MANUFACTURER) != 0 && memcmp(a->manufacturer, b->manufacturer, sizeof a->manufacturer) != 0);
}

static bool is_on(const struct token_key *key, const struct token_info *info)
{
    return strcmp(key->place.label, info->label) == 0 && strcmp(key->place.serial, info->serial) == 0 &&
           !told_apart(&key->apart, &info->apart);
}

// The chain of a modulus, given by its SHA-256, whose digits are evenly spread.
static size_t *chain_of(struct token_keys *keys, const char *modulus)
{
    size_t sum = 0;
    for (size_t i = 0; i < 4 && modulus[i] != '\0'; i++)
        sum = sum * 16 + (unsigned char)modulus[i];
    return &keys->heads[sum % TOKEN_KEYS_HEADS];
}

// Finds the same key on the same token, as another module or its other half has shown it: of several, the first. A
// chain has the last one in front.
static struct token_key *find(struct token_keys *keys, const struct token_info *info, const struct key_seen *seen,
                              const char *modulus)
{
    struct token_key *found = NULL;
    for (size_t at = *chain_of(keys, modulus); at != 0; at = keys->list[at - 1].next) {
        struct token_key *key = &keys->list[at - 1];
        const bool same_id = strcmp(key->kid, seen->kid) == 0 || key->kid[0] == '\0' || seen->kid[0] == '\0';
        if (same_id && is_on(key, info) && strcmp(key->place.modulus_sha256, modulus) == 0 &&
            strcmp(key->place.slot, seen->slot) == 0)
            found = key;
    }
    return found;
}

static bool make_room(struct token_keys *keys)
{
    if (keys->count < keys->room)
        return true;
    const size_t room = keys->room == 0 ? KEYS_FEWEST : 2 * keys->room;
    struct token_key *grown = reallocarray(keys->list, room, sizeof *grown);
    if (grown == NULL)
        return false;
    keys->list = grown;
    keys->room = room;
    return true;
}

static bool add(struct token_keys *keys, const struct token_info *info, const struct key_seen *seen,
                const char *modulus)
{
    if (!make_room(keys))
        return false;
    char *uri = strdup(seen->uri);
    if (uri == NULL)
        return false;
    struct token_key *key = &keys->list[keys->count++];
    *key = (struct token_key){.own = seen->own, .apart = info->apart, .place = {.uri = uri}};
    memcpy(key->kid, seen->kid, sizeof key->kid);
    memcpy(key->name, seen->name, sizeof key->name);
    struct ssa_place *place = &key->place;
    memcpy(place->label, info->label, sizeof place->label);
    memcpy(place->serial, info->serial, sizeof place->serial);
    memcpy(place->slot, seen->slot, sizeof place->slot);
    memcpy(place->modulus_sha256, modulus, sizeof place->modulus_sha256);
    place->private_half = seen->is_private ? SSA_PRIVATE_THERE : SSA_PRIVATE_UNSEEN;
    size_t *head = chain_of(keys, modulus);
    key->next = *head;
    *head = keys->count;
    return true;
}

struct looking {
    const struct ssa_run *run;
    const struct uri *own; // PRIVATE_KEY; NULL for none
    struct token_keys *keys;
};

static void take(void *context, const struct token_info *info, const char *token_uri, const struct key_seen *seen)
{
    const struct looking *looking = context;
    struct token_keys *keys = looking->keys;
    char modulus[FINGERPRINT_TEXT] = "";
    (void)token_uri;
    if (seen == NULL) {
        tell(&looking->run->callbacks, SSA_NOTICE,
             "token \"%s\" cannot be searched for keys, or holds more keys than this program reads", info->label);
        return;
    }
    if (seen->modulus_len > 0)
        fingerprint(span_of(seen->modulus, seen->modulus_len), modulus);
    struct token_key *known = find(keys, info, seen, modulus);
    if (known == NULL) {
        keys->lost = !add(keys, info, seen, modulus) || keys->lost;
        return;
    }
    known->own = known->own || seen->own;
    if (seen->is_private)
        known->place.private_half = SSA_PRIVATE_THERE;
}

// The settings' own key; NULL for none. Keys are shown even where the settings name no usable key.
static struct uri *own_key(const struct ssa_run *run)
{
    struct identity own = {0};
    struct uri *uri = NULL;
    if (!identity_read(run->settings, false, &own, ERROR_IGNORED) || own.private_key == NULL ||
        !uri_text_is_uri(own.private_key) || !uri_parse(own.private_key, &uri, ERROR_IGNORED))
        return NULL;
    return uri;
}

static bool nothing_lost(const struct token_keys *keys, struct ssa_error *err)
{
    return !keys->lost || error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the tokens' keys");
}

// The PKCS#11 modules whose tokens are looked at.
struct modules {
    struct module_entry *list;
    size_t count;
};

static void modules_free(struct modules *modules)
{
    free(modules->list);
}
#define MODULES_AUTO __attribute__((cleanup(modules_free))) struct modules

static void note_failure(struct token_keys *keys, const char *module, const struct ssa_error *why)
{
    char *text = NULL;
    char **grown = reallocarray(keys->failures, keys->failure_count + 1, sizeof *grown);
    keys->lost = keys->lost || grown == NULL;
    if (grown == NULL)
        return;
    keys->failures = grown;
    if (asprintf(&text, "module %s cannot be used, so its tokens were not looked at: %s%s%s", module, why->what,
                 why->cause[0] != '\0' ? ", " : "", why->cause) < 0)
        keys->lost = true;
    else
        keys->failures[keys->failure_count++] = text;
}

void token_keys_tell_failures(const struct ssa_run *run, const struct token_keys *keys, enum ssa_level level)
{
    for (size_t i = 0; i < keys->failure_count; i++)
        tell(&run->callbacks, level, "%s", keys->failures[i]);
}

static bool add_module(struct modules *modules, const struct module_entry *entry, struct ssa_error *err)
{
    for (size_t i = 0; i < modules->count; i++)
        if (module_entry_same(&modules->list[i], entry))
            return true;
    struct module_entry *grown = reallocarray(modules->list, modules->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    modules->list = grown;
    modules->list[modules->count++] = *entry;
    return true;
}

static bool add_named(struct token_keys *keys, struct modules *modules, const char *name, struct ssa_error *err)
{
    struct module_entry entry;
    struct ssa_error why = {0};
    if (registry_resolve(name, &entry, &why))
        return add_module(modules, &entry, err);
    note_failure(keys, name, &why);
    return true;
}

// A URI may name a module that p11-kit does not know.
static bool add_from_uri(const struct looking *looking, struct modules *modules, enum setting id, struct ssa_error *err)
{
    const char *value = settings_get(looking->run->settings, id, NULL);
    URI_AUTO *uri = NULL;
    if (value == NULL || !uri_text_is_uri(value) || !uri_parse(value, &uri, ERROR_IGNORED))
        return true;
    const char *path = uri_module_path(uri), *name = uri_module_name(uri);
    if (path == NULL && name == NULL)
        return true;
    return add_named(looking->keys, modules, path != NULL ? path : name, err);
}

static bool add_registered(struct modules *modules, struct ssa_error *err)
{
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    for (size_t i = 0; i < registry->count; i++)
        if (!registry->entries[i].trust_policy && !add_module(modules, &registry->entries[i], err))
            return false;
    return true;
}

// Finds the modules that p11-kit knows, or in their place the one of SSA_HSM_MODULE, and those that URIs in the
// settings name. Notes which module cannot be found.
static bool find_modules(const struct looking *looking, struct modules *modules, struct ssa_error *err)
{
    const struct ssa_run *run = looking->run;
    enum setting_source source;
    const char *named = settings_get(run->settings, SET_MODULE, &source);
    if (named == NULL ? !add_registered(modules, err) : !add_named(looking->keys, modules, named, err))
        return false;
    if (named != NULL && (source == FROM_OPTION || !settings_profile_first(run->settings)))
        return true;
    return add_from_uri(looking, modules, SET_PRIVATE_KEY, err) && add_from_uri(looking, modules, SET_TOKEN, err);
}

static void look_at(struct looking *looking, struct ahead *ahead, size_t at)
{
    const struct ssa_run *run = looking->run;
    const struct module_entry *entry = ahead_entry(ahead, at);
    struct ssa_error why = {0};
    tell(&run->callbacks, SSA_DETAIL, "looking at the tokens of %s", entry->path);
    if (!survey_module(ahead, at, looking->own, take, looking, &why))
        note_failure(looking->keys, entry->name[0] != '\0' ? entry->name : entry->path, &why);
}

bool token_keys_look(const struct ssa_run *run, struct token_keys *keys, struct ssa_error *err)
{
    MODULES_AUTO modules = {0};
    URI_AUTO *own = own_key(run);
    struct looking looking = {.run = run, .own = own, .keys = keys};
    if (!find_modules(&looking, &modules, err))
        return false;
    const struct module_user user = module_user_of(run);
    AHEAD_AUTO *ahead = ahead_new(modules.count, &user, true, err);
    if (ahead == NULL)
        return false;
    for (size_t i = 0; i < modules.count; i++)
        ahead_ask(ahead, &modules.list[i]);
    for (size_t i = 0; i < modules.count; i++) {
        if (!callback_go_on(&run->callbacks, err))
            return false;
        look_at(&looking, ahead, i);
    }
    return callback_go_on(&run->callbacks, err) && nothing_lost(keys, err);
}

static bool read_secret_there(const struct ssa_run *run, struct client_secret *secret, struct token *token,
                              struct ssa_error *err)
{
    if (!client_secret_is_on_token(run->settings))
        return true;
    if (!client_secret_begin(run, secret, err))
        return false;
    return client_secret_place(secret, token) != SECRET_ON_OPEN_TOKEN ||
           client_secret_complete(run, secret, token, NULL, err);
}

bool token_keys_login(const struct ssa_run *run, struct token_keys *keys, struct client_secret *secret,
                      struct ssa_error *err)
{
    URI_AUTO *own = own_key(run);
    struct looking looking = {.run = run, .own = own, .keys = keys};
    OPEN_TOKEN_AUTO at = {0};
    if (!open_token_of_settings(run, &at, err) || !open_token_login(&at, false, err))
        return false;
    if (!read_secret_there(run, secret, at.token, err))
        return false;
    if (!survey_token(at.token, looking.own, take, &looking, err))
        return false;
    for (size_t i = 0; i < keys->count; i++) {
        struct token_key *key = &keys->list[i];
        if (key->place.private_half == SSA_PRIVATE_UNSEEN && is_on(key, token_info(at.token)))
            key->place.private_half = SSA_PRIVATE_MISSING;
    }
    return nothing_lost(keys, err);
}
