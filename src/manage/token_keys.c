// What the tokens of this machine show of keys.
#include "manage/token_keys.h"
#include "signer/api_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/reference.h"
#include "core/fingerprint.h"
#include "core/tell.h"
#include "core/text.h"
#include "pin/turn.h"

enum { PLACES_STEP = 32 };

void places_free(struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->list[i].shown.uri);
    free(places->list);
    *places = (struct places){0};
}

// What tells it from one of the same label and serial number beside it. Through another module model and slot
// are others, and say nothing.
static bool told_apart(const struct token_apart *a, const struct token_apart *b)
{
    const unsigned by = a->by & b->by;
    return ((by & BY_SLOT) != 0 && a->slot != b->slot) ||
           ((by & BY_MODEL) != 0 && memcmp(a->model, b->model, sizeof a->model) != 0) ||
           ((by & BY_MANUFACTURER) != 0 &&
            memcmp(a->manufacturer, b->manufacturer, sizeof a->manufacturer) != 0);
}

static bool on_token(const struct place *place, const struct token_info *info)
{
    return strcmp(place->shown.label, info->label) == 0 && strcmp(place->shown.serial, info->serial) == 0 &&
           !told_apart(&place->apart, &info->apart);
}

// The same key on the same token: seen through another module, or as another of its halves.
static struct place *find(const struct places *places, const struct token_info *info,
                          const struct key_seen *key, const char *modulus)
{
    for (size_t i = 0; i < places->count; i++) {
        struct place *p = &places->list[i];
        const bool same_id = strcmp(p->kid, key->kid) == 0 || p->kid[0] == '\0' || key->kid[0] == '\0';
        if (on_token(p, info) && strcmp(p->shown.modulus_sha256, modulus) == 0 &&
            strcmp(p->shown.slot, key->slot) == 0 && same_id)
            return p;
    }
    return NULL;
}

static struct place *append(struct places *places)
{
    if (places->count % PLACES_STEP == 0) {
        struct place *grown = realloc(places->list, (places->count + PLACES_STEP) * sizeof *grown);
        if (grown == NULL)
            return NULL;
        places->list = grown;
    }
    struct place *place = &places->list[places->count];
    *place = (struct place){0};
    return place;
}

static void add(struct places *places, const struct token_info *info, const struct key_seen *key,
                const char *modulus)
{
    struct place *place = append(places);
    char *uri = place == NULL ? NULL : strdup(key->uri);
    if (uri == NULL) {
        places->lost = true;
        return;
    }
    memcpy(place->kid, key->kid, sizeof place->kid);
    memcpy(place->name, key->name, sizeof place->name);
    place->own = key->own;
    place->apart = info->apart;
    struct ssa_place *shown = &place->shown;
    memcpy(shown->label, info->label, sizeof shown->label);
    memcpy(shown->serial, info->serial, sizeof shown->serial);
    memcpy(shown->slot, key->slot, sizeof shown->slot);
    memcpy(shown->modulus_sha256, modulus, sizeof shown->modulus_sha256);
    shown->uri = uri;
    shown->private_half = key->is_private ? SSA_PRIVATE_THERE : SSA_PRIVATE_UNSEEN;
    places->count++;
}

struct looking {
    const struct ssa_run *run;
    struct uri *own; // PRIVATE_KEY; NULL for none
    struct places *places;
};

static void take(void *context, const struct token_info *info, const char *token_uri,
                 const struct key_seen *key)
{
    const struct looking *looking = context;
    char modulus[FINGERPRINT_TEXT];
    (void)token_uri;
    if (key == NULL) {
        tell(&looking->run->callbacks, SSA_NOTICE,
             "token \"%s\" cannot be searched for keys, or holds more than are looked at", info->label);
        return;
    }
    modulus[0] = '\0';
    if (key->modulus_len > 0)
        fingerprint(span_of(key->modulus, key->modulus_len), modulus);
    struct place *known = find(looking->places, info, key, modulus);
    if (known == NULL)
        add(looking->places, info, key, modulus);
    else if (key->is_private)
        known->shown.private_half = SSA_PRIVATE_THERE;
    if (known != NULL)
        known->own = known->own || key->own;
}

static void looking_end(struct looking *looking)
{
    uri_free(&looking->own);
}
#define LOOKING_AUTO __attribute__((cleanup(looking_end))) struct looking

static struct looking looking_begin(const struct ssa_run *run, struct places *places)
{
    struct looking looking = {.run = run, .places = places};
    struct identity own = {0};
    // Settings that are no good for a key are no reason to show none.
    if (!identity_read(run->settings, false, &own, NULL) || own.private_key == NULL ||
        !text_is_uri(own.private_key) || !uri_parse(own.private_key, &looking.own, NULL))
        looking.own = NULL;
    return looking;
}

// The modules to look at.
struct modules {
    struct module_entry *list;
    size_t count;
    bool lost; // there was no memory
};

static void modules_add(struct modules *modules, const struct module_entry *entry)
{
    for (size_t i = 0; i < modules->count; i++)
        if (module_entry_same(&modules->list[i], entry))
            return;
    struct module_entry *grown = reallocarray(modules->list, modules->count + 1, sizeof *grown);
    modules->lost = modules->lost || grown == NULL;
    if (grown == NULL)
        return;
    modules->list = grown;
    modules->list[modules->count++] = *entry;
}

static void say_why(const struct ssa_run *run, const char *module, const struct ssa_error *why)
{
    tell(&run->callbacks, SSA_NOTICE, "module %s cannot be used, its tokens were not looked at: %s%s%s",
         module, why->what, why->cause[0] != '\0' ? ", " : "", why->cause);
}

static void modules_add_named(const struct ssa_run *run, struct modules *modules, const char *name)
{
    struct module_entry entry;
    struct ssa_error why = {0};
    if (registry_resolve(name, &entry, &why))
        modules_add(modules, &entry);
    else
        say_why(run, name, &why);
}

// The module that the URI in a setting names, which p11-kit may not know.
static void modules_add_uris(const struct ssa_run *run, struct modules *modules, enum setting id)
{
    const char *value = settings_get(run->settings, id, NULL);
    URI_AUTO *uri = NULL;
    if (value == NULL || !text_is_uri(value) || !uri_parse(value, &uri, NULL))
        return;
    const char *path = uri_module_path(uri), *name = uri_module_name(uri);
    if (path != NULL || name != NULL)
        modules_add_named(run, modules, path != NULL ? path : name);
}

static bool modules_find(const struct ssa_run *run, struct modules *modules, struct ssa_error *err)
{
    enum setting_source source;
    const char *named = settings_get(run->settings, SET_MODULE, &source);
    if (named != NULL)
        modules_add_named(run, modules, named);
    if (named != NULL && (source == FROM_OPTION || !settings_profile_first(run->settings)))
        return true;
    REGISTRY_AUTO *registry = named != NULL ? NULL : registry_new();
    if (named == NULL && registry == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    for (size_t i = 0; registry != NULL && i < registry->count; i++)
        if (!registry->entries[i].trust_policy)
            modules_add(modules, &registry->entries[i]);
    modules_add_uris(run, modules, SET_PRIVATE_KEY);
    modules_add_uris(run, modules, SET_TOKEN);
    return !modules->lost ||
           error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
}

static bool nothing_lost(const struct places *places, struct ssa_error *err)
{
    return !places->lost || error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the tokens' keys");
}

bool places_look(const struct ssa_run *run, struct places *places, struct ssa_error *err)
{
    struct modules modules = {0};
    LOOKING_AUTO looking = looking_begin(run, places);
    const struct turns turns = turns_of(run);
    bool ok = modules_find(run, &modules, err);
    for (size_t i = 0; ok && i < modules.count; i++) {
        const struct module_entry *entry = &modules.list[i];
        struct ssa_error why = {0};
        tell(&run->callbacks, SSA_DETAIL, "looking at the tokens of %s", entry->path);
        ok = go_on(&run->callbacks, err);
        if (ok && !module_survey(entry, looking.own, &run->callbacks, &turns, take, &looking, &why))
            say_why(run, entry->name[0] != '\0' ? entry->name : entry->path, &why);
    }
    free(modules.list);
    return ok && go_on(&run->callbacks, err) && nothing_lost(places, err);
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

bool places_login(const struct ssa_run *run, struct places *places, struct client_secret *secret,
                  struct ssa_error *err)
{
    LOOKING_AUTO looking = looking_begin(run, places);
    OPEN_TOKEN_AUTO at = {0};
    if (!open_token_of_settings(run, &at, err) || !open_token_login(&at, false, err) ||
        !read_secret_there(run, secret, at.token, err) ||
        !token_survey(at.token, looking.own, take, &looking, err))
        return false;
    const struct token_info *info = token_info(at.token);
    for (size_t i = 0; i < places->count; i++) {
        struct ssa_place *shown = &places->list[i].shown;
        if (on_token(&places->list[i], info) && shown->private_half == SSA_PRIVATE_UNSEEN)
            shown->private_half = SSA_PRIVATE_MISSING;
    }
    return nothing_lost(places, err);
}
