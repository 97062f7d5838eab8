#include "hsm/search/keys_seen.h"

#include <stdlib.h>

#include "hsm/key/public.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

enum { KEYS_FEWEST = 64 };

void keys_seen_free(struct keys_seen *keys)
{
    free(keys->list);
    *keys = (struct keys_seen){0};
}

static struct key_raw *new_key(struct keys_seen *seen)
{
    if (seen->count == KEYS_SEEN_MAX)
        return NULL;
    if (seen->count == seen->room) {
        const size_t room = seen->room == 0 ? KEYS_FEWEST : 2 * seen->room;
        struct key_raw *grown = reallocarray(seen->list, room, sizeof *grown);
        if (grown == NULL)
            return NULL;
        seen->list = grown;
        seen->room = room;
    }
    struct key_raw *key = &seen->list[seen->count++];
    *key = (struct key_raw){0};
    return key;
}

static void read_names(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    CK_ATTRIBUTE names[] = {ATTRIBUTE(CKA_ID, key->id, sizeof key->id),
                            ATTRIBUTE(CKA_LABEL, key->label, sizeof key->label)};
    // A text that cannot be read stays empty.
    if (attributes_read(token, object, names, COUNT(names)) != CKR_OK)
        return;
    key->id_len = attribute_len(&names[0]);
    key->label_len = attribute_len(&names[1]);
}

static bool take_number(struct key_raw *key, size_t len)
{
    key->modulus_len = rsa_strip_zeros(key->modulus, len);
    return key->modulus_len > 0;
}

// Names and modulus in one call, where that succeeds.
static bool read_key(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    CK_ATTRIBUTE all[] = {ATTRIBUTE(CKA_ID, key->id, sizeof key->id),
                          ATTRIBUTE(CKA_LABEL, key->label, sizeof key->label),
                          ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus)};
    if (attributes_read(token, object, all, COUNT(all)) == CKR_OK) {
        key->id_len = attribute_len(&all[0]);
        key->label_len = attribute_len(&all[1]);
        return take_number(key, attribute_len(&all[2]));
    }
    CK_ATTRIBUTE modulus = ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus);
    read_names(token, object, key);
    return attribute_read(token, object, &modulus) == CKR_OK && take_number(key, modulus.ulValueLen);
}

static void take_modulus(struct key_raw *raw, const struct key *key)
{
    memcpy(raw->modulus, key->modulus, key->modulus_len);
    raw->modulus_len = key->modulus_len;
}

static bool read_certificate(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    uint8_t der[CERTIFICATE_MAX] = {0};
    CK_ATTRIBUTE value = ATTRIBUTE(CKA_VALUE, der, sizeof der);
    read_names(token, object, key);
    if (attribute_read(token, object, &value) != CKR_OK)
        return false;
    const struct span bytes = span_of(der, value.ulValueLen);
    struct key numbers = {0};
    if (!certificate_name(bytes, key->certified))
        key->certified[0] = '\0';
    if (!certificate_numbers(bytes, &numbers))
        return false;
    take_modulus(key, &numbers);
    return true;
}

// Where the private object does not tell its modulus, another object may tell it. If not, it is an RSA key all the
// same.
static bool read_private(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *raw)
{
    struct key key = {.private_object = object};
    if (read_key(token, object, raw))
        return true;
    if (!key_read_public(token, &key, ERROR_IGNORED))
        key.modulus_len = 0;
    take_modulus(raw, &key);
    return true;
}

static bool read_object(struct token *token, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    return class == CKO_CERTIFICATE   ? read_certificate(token, object, key)
           : class == CKO_PRIVATE_KEY ? read_private(token, object, key)
                                      : read_key(token, object, key);
}

// A key of another kind (EC), or one whose modulus is not told, is left out.
static bool add_object(struct token *token, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE object, size_t at,
                       struct keys_seen *seen, struct ssa_error *err)
{
    struct key_raw *key = new_key(seen);
    if (key == NULL)
        return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                         "there are more than %u keys and certificates, or no memory for them", KEYS_SEEN_MAX);
    key->token = at;
    key->is_private = class == CKO_PRIVATE_KEY;
    if (!read_object(token, class, object, key))
        seen->count--;
    return true;
}

bool token_look_at_keys(struct token *token, CK_OBJECT_CLASS class, size_t at, struct keys_seen *seen,
                        struct ssa_error *err)
{
    static const CK_KEY_TYPE rsa = CKK_RSA;
    OBJECTS_AUTO found = {0};
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_KEY_TYPE, &rsa, sizeof rsa)};
    if (!object_find_all(token, template, class == CKO_PRIVATE_KEY ? 2 : 1, &found, err))
        return false;
    for (size_t i = 0; i < found.count; i++)
        if (!add_object(token, class, found.list[i], at, seen, err))
            return false;
    return true;
}

bool token_look_at_public_keys(struct token *token, size_t at, struct keys_seen *keys, struct ssa_error *err)
{
    if (!session_open(token, false, err) || !token_look_at_keys(token, CKO_PUBLIC_KEY, at, keys, err))
        return false;
    // There, a search takes as long as reading all objects does, and a certificate tells nothing.
    return token->info.quirks->rewritten_by != NULL || token_look_at_keys(token, CKO_CERTIFICATE, at, keys, err);
}

void module_look_at_keys(const struct module *module, struct module_seen *seen, struct keys_seen *keys)
{
    // It is too big for the stack.
    struct token *token = malloc(sizeof *token);
    for (size_t i = 0; i < seen->count; i++) {
        seen->tokens[i].unread = true;
        if (token == NULL)
            continue;
        *token = (struct token){.module = *module, .slot = seen->tokens[i].slot};
        seen_describe(seen, i, &token->info);
        seen->tokens[i].unread = !token_look_at_public_keys(token, i, keys, ERROR_IGNORED);
        session_close(token);
    }
    free(token);
}
