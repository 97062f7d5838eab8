#include "hsm/search/keys_seen.h"

#include <stdlib.h>

#include "hsm/key/public.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

enum { KEYS_STEP = 64 };

void keys_seen_free(struct keys_seen *keys)
{
    free(keys->list);
    *keys = (struct keys_seen){0};
}

static struct key_raw *new_key(struct keys_seen *seen)
{
    if (seen->count == KEYS_SEEN_MAX)
        return NULL;
    if (seen->count % KEYS_STEP == 0) {
        struct key_raw *grown = realloc(seen->list, (seen->count + KEYS_STEP) * sizeof *grown);
        if (grown == NULL)
            return NULL;
        seen->list = grown;
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

static bool read_key(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    CK_ATTRIBUTE modulus = ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus);
    const CK_RV rv = attribute_read(token, object, &modulus);
    const size_t len = rv == CKR_OK ? modulus.ulValueLen : 0;
    key->modulus_len = rsa_strip_zeros(key->modulus, len);
    return key->modulus_len > 0;
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
    read_names(token, object, key);
    return class == CKO_CERTIFICATE   ? read_certificate(token, object, key)
           : class == CKO_PRIVATE_KEY ? read_private(token, object, key)
                                      : read_key(token, object, key);
}

bool token_look_at_keys(struct token *token, CK_OBJECT_CLASS class, size_t at, struct keys_seen *seen,
                        struct ssa_error *err)
{
    static const CK_KEY_TYPE rsa = CKK_RSA;
    OBJECTS_AUTO found = {0};
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_KEY_TYPE, &rsa, sizeof rsa)};
    if (!object_find_all(token, template, class == CKO_PRIVATE_KEY ? 2 : 1, &found, err))
        return false;
    for (size_t i = 0; i < found.count; i++) {
        struct key_raw *key = new_key(seen);
        if (key == NULL)
            return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                             "there are more than %u keys and certificates, or no memory for them", KEYS_SEEN_MAX);
        key->token = at;
        key->is_private = class == CKO_PRIVATE_KEY;
        // The key is of another kind (EC), or its modulus is not told.
        if (!read_object(token, class, found.list[i], key))
            seen->count--;
    }
    return true;
}

static bool look_at_token(struct token *token, size_t at, struct keys_seen *keys)
{
    struct ssa_error ignored;
    return session_open(token, false, &ignored) && token_look_at_keys(token, CKO_PUBLIC_KEY, at, keys, &ignored) &&
           token_look_at_keys(token, CKO_CERTIFICATE, at, keys, &ignored);
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
        seen->tokens[i].unread = !look_at_token(token, i, keys);
        session_close(token);
    }
    free(token);
}
