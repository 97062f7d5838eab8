// A key's way into the token, and its way off again.
#include "core/text.h"
#include "hsm/object.h"
#include "hsm/recipe.h"
#include "hsm/slot.h"
#include "hsm/wrap.h"

enum { KEY_ID_MAX = 128 };

// A creation that failed may have been carried out all the same. Nothing with this id was there before
// (key_check_free), or what was there was to be replaced: what is there now counts as made by it. Where the
// search fails too, the handles stand for what may be there.
static void find_made(struct token *token, struct span id, struct key *key)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    for (size_t i = 0; i < COUNT(classes); i++)
        if (!object_find(token, classes[i], id, objects[i], NULL))
            *objects[i] = CK_UNAVAILABLE_INFORMATION;
}

static bool store_both(struct token *token, const struct creation *c, const struct key_name *name,
                       struct key *key, struct ssa_error *err)
{
    if (token->info.recipe->slots)
        return card_import(token, c, name, key, err);
    if (!create_private(token, c, key, err))
        return false;
    if (!token->info.recipe->public_half || token->no_public_half)
        return true;
    const CK_RV rv = object_create_public(token, c, &key->public_object);
    return rv == CKR_OK || creation_refused(err, token, rv, "public");
}

static bool import(struct token *token, const struct creation *creation, const struct key_name *name,
                   struct key *key, struct ssa_error *err)
{
    const CK_USER_TYPE who = token->info.recipe->import_as == IMPORT_AS_SO ? CKU_SO : CKU_USER;
    if (!session_as(token, who, err))
        return false;
    if (store_both(token, creation, name, key, err))
        return true;
    // A card's slot holds what it held, or the new key; handles do not tell which, and touching them may
    // crash.
    if (token->info.recipe->slots && name->replaces && key->private_object == CK_UNAVAILABLE_INFORMATION) {
        key->unsure = true;
        key->private_object = CK_INVALID_HANDLE;
        return error_hint(err,
                          "Slot %s holds the key that was in it, or the new one, which then is of no use: "
                          "--slot %s --replace takes its place.",
                          slot_name(name->slot), slot_name(name->slot));
    }
    if (!token->info.recipe->slots)
        find_made(token, creation->id, key);
    (void)key_destroy(token, name, key, NULL);
    return false;
}

bool key_import(struct token *token, const struct rsa_key *numbers, struct secret *holder,
                const struct key_name *name, struct key *key, struct ssa_error *err)
{
    SEALED_AUTO sealed = {0};
    if (!key_of_numbers(numbers, key, err))
        return false;
    const struct rsa_key public_numbers = {.n = span_of(key->modulus, key->modulus_len),
                                           .e = span_of(key->exponent, key->exponent_len)};
    struct creation creation = {.numbers = numbers,
                                .id = key_id(name),
                                .label = span_text(name->label),
                                .parts = token->info.recipe->parts & ~token->left_out,
                                .on_token = true};
    if (token->wrap != NULL) {
        if (!wrap_begin(token, err) || !wrap_seal(token, token->wrap, numbers, &sealed, err))
            return false;
        // The module has not been given anything yet: it never sees the key.
        secret_free(holder);
        creation.numbers = &public_numbers;
        creation.sealed = &sealed;
    }
    const bool done = import(token, &creation, name, key, err);
    wrap_end(token);
    return done;
}

bool key_complete(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    const struct recipe *recipe = token->info.recipe;
    if (recipe->slots || !recipe->public_half || key->public_object != CK_INVALID_HANDLE ||
        key->modulus_len == 0)
        return true;
    const struct rsa_key numbers = {.n = span_of(key->modulus, key->modulus_len),
                                    .e = span_of(key->exponent, key->exponent_len)};
    const struct creation creation = {
        .numbers = &numbers, .id = key_id(name), .label = span_text(name->label), .on_token = true};
    const CK_RV rv = object_create_public(token, &creation, &key->public_object);
    if (rv == CKR_OK)
        return true;
    // Whatever the module left there.
    key->public_object = CK_INVALID_HANDLE;
    // A rehearsal, in another process, may have shown that an unknown token goes without.
    return recipe->unknown || creation_refused(err, token, rv, "public");
}

bool key_destroy(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    if (token->info.recipe->keeps_destroyed)
        return card_destroy(token, name, key, err);
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    bool done = true;
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (*objects[i] == CK_INVALID_HANDLE)
            continue;
        const CK_RV rv = token->module.call->C_DestroyObject(token->session, *objects[i]);
        if (rv == CKR_OK)
            *objects[i] = CK_INVALID_HANDLE;
        else
            done = ckr_fail(err, SSA_TOKEN, rv, token, "an object cannot be destroyed");
    }
    return done;
}

// What a shell takes as it stands.
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+"

// Appends the command that deletes one of the objects with this id.
static bool append_removal(const struct token *token, const char *type, const char *hex,
                           char out[static KEY_REMOVAL_MAX])
{
    const size_t used = strlen(out);
    // A label holds what its owner likes; one that the shell would act on is left out.
    const bool quotable = strchr(token->info.label, '\'') == NULL;
    const char *path = token->module.entry.path;
    const char *quote = path[strspn(path, PLAIN)] == '\0' ? "" : strchr(path, '\'') == NULL ? "'" : "\"";
    return text_format(out + used, KEY_REMOVAL_MAX - used,
                       "%spkcs11-tool --module %s%s%s %s%s%s --login --delete-object --type %s --id %s",
                       used > 0 ? " && " : "", quote, path, quote, quotable ? "--token-label '" : "",
                       quotable ? token->info.label : "", quotable ? "'" : "", type, hex);
}

// A recipe's command holds the slot's name in one place.
static void card_removal(const char *command, const struct key_name *name, char out[static KEY_REMOVAL_MAX])
{
    const char *place = strstr(command, "%s");
    if (place == NULL || !text_format(out, KEY_REMOVAL_MAX, "%.*s%s%s", (int)(place - command), command,
                                      slot_name(name->slot), place + strlen("%s")))
        out[0] = '\0';
}

void key_removal_command(const struct token *token, const struct key *key, const struct key_name *name,
                         char out[static KEY_REMOVAL_MAX])
{
    const struct span id = key_id(name);
    char hex[2 * KEY_ID_MAX + 1] = "";
    out[0] = '\0';
    if (key->private_object != CK_INVALID_HANDLE && token->info.recipe->removal != NULL)
        card_removal(token->info.recipe->removal, name, out);
    else if (key->certificate_left)
        card_removal(token->info.recipe->certificate_removal, name, out);
    if (id.len > KEY_ID_MAX || token->info.recipe->removal != NULL)
        return;
    text_hex(hex, id);
    if ((key->private_object != CK_INVALID_HANDLE && !append_removal(token, "privkey", hex, out)) ||
        (key->public_object != CK_INVALID_HANDLE && !append_removal(token, "pubkey", hex, out)))
        out[0] = '\0';
}
