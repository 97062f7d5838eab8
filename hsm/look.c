// Looking at the tokens of an open module and at the keys on them; what a key means is for others to say.
#include "hsm/look.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/calls.h"
#include "hsm/object.h"

enum { KEYS_STEP = 64 };

void module_seen_free(struct module_seen **seen)
{
    if (*seen != NULL)
        free((*seen)->keys);
    free(*seen);
    *seen = NULL;
}

// A slot that cannot be looked into has no token. A module that can look into none has nothing to offer.
static bool look_into(const struct module *module, CK_SLOT_ID slot, struct token_seen *token,
                      struct ssa_error *err)
{
    CK_FUNCTION_LIST *call = module->call;
    *token = (struct token_seen){.slot = slot};
    const CK_RV by_slot = call->C_GetSlotInfo(slot, &token->slot_info);
    const bool unasked = by_slot == CKR_FUNCTION_NOT_SUPPORTED;
    (void)calls_left_out();
    const CK_RV rv = call->C_GetTokenInfo(slot, &token->token);
    const char *left_out = rv == CKR_FUNCTION_NOT_SUPPORTED ? calls_left_out() : NULL;
    if (left_out != NULL)
        return error_set(err, SSA_ABSENT, "CKR_FUNCTION_NOT_SUPPORTED", module->entry.path,
                         "the PKCS#11 module does not describe its tokens: it has no %s", left_out);
    if (rv != CKR_OK || (by_slot != CKR_OK && !unasked))
        token->token = (CK_TOKEN_INFO){0};
    if (by_slot != CKR_OK)
        token->slot_info = (CK_SLOT_INFO){0};
    return true;
}

bool module_look(const struct module *module, struct module_seen **seen, struct ssa_error *err)
{
    CK_FUNCTION_LIST *call = module->call;
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = 0;
    if (!module_slots(module, slots, &count, err))
        return false;
    struct module_seen *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a module's tokens");
    if (call->C_GetInfo(&made->about) != CKR_OK)
        made->about = (CK_INFO){0};
    for (CK_ULONG i = 0; i < count; i++) {
        struct token_seen *token = &made->tokens[made->count];
        if (!look_into(module, slots[i], token, err)) {
            free(made);
            return false;
        }
        made->count += (token->token.flags & CKF_TOKEN_INITIALIZED) != 0 ? 1 : 0;
    }
    *seen = made;
    return true;
}

static bool too_many(const struct token *token, struct ssa_error *err)
{
    return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                     "there are more than %u keys and certificates, or no memory for them", KEYS_SEEN_MAX);
}

// Room for one more.
static struct key_raw *append(struct module_seen *seen)
{
    if (seen->key_count == KEYS_SEEN_MAX)
        return NULL;
    if (seen->key_count % KEYS_STEP == 0) {
        struct key_raw *grown = realloc(seen->keys, (seen->key_count + KEYS_STEP) * sizeof *grown);
        if (grown == NULL)
            return NULL;
        seen->keys = grown;
    }
    struct key_raw *key = &seen->keys[seen->key_count++];
    *key = (struct key_raw){0};
    return key;
}

static void read_names(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    CK_ATTRIBUTE names[] = {ATTRIBUTE(CKA_ID, key->id, sizeof key->id),
                            ATTRIBUTE(CKA_LABEL, key->label, sizeof key->label)};
    // What cannot be read stays empty.
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
    // A sign byte that some modules give is none of the number's (PKCS#11 v2.40 section 2.1).
    key->modulus_len = rsa_strip_zeros(key->modulus, len);
    return key->modulus_len > 0;
}

static bool read_certificate(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    uint8_t der[CERTIFICATE_MAX] = {0};
    CK_ATTRIBUTE value = ATTRIBUTE(CKA_VALUE, der, sizeof der);
    if (attribute_read(token, object, &value) != CKR_OK)
        return false;
    const struct span bytes = span_of(der, value.ulValueLen);
    if (!certificate_name(bytes, key->certified))
        key->certified[0] = '\0';
    return certificate_modulus(bytes, key->modulus, &key->modulus_len);
}

// A private key of RSA whose object does not tell its modulus has it beside it, or nowhere: it is one all the
// same.
static bool read_private(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *raw)
{
    struct key key = {.private_object = object};
    if (read_key(token, object, raw))
        return true;
    if (!key_read_public(token, &key, NULL))
        key.modulus_len = 0;
    memcpy(raw->modulus, key.modulus, key.modulus_len);
    raw->modulus_len = key.modulus_len;
    return true;
}

static bool read_object(struct token *token, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE object,
                        struct key_raw *key)
{
    read_names(token, object, key);
    return class == CKO_CERTIFICATE   ? read_certificate(token, object, key)
           : class == CKO_PRIVATE_KEY ? read_private(token, object, key)
                                      : read_key(token, object, key);
}

bool token_look_at_keys(struct token *token, CK_OBJECT_CLASS class, size_t at, struct module_seen *seen,
                        struct ssa_error *err)
{
    static const CK_KEY_TYPE rsa = CKK_RSA;
    OBJECTS_AUTO found = {0};
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class),
                               ATTRIBUTE(CKA_KEY_TYPE, &rsa, sizeof rsa)};
    if (!find_all(token, template, class == CKO_PRIVATE_KEY ? 2 : 1, &found, err))
        return false;
    for (size_t i = 0; i < found.count; i++) {
        struct key_raw *key = append(seen);
        if (key == NULL)
            return too_many(token, err);
        key->token = at;
        key->is_private = class == CKO_PRIVATE_KEY;
        // Of another kind (EC), or none that can be told.
        if (!read_object(token, class, found.list[i], key))
            seen->key_count--;
    }
    return true;
}

void module_look_at_keys(const struct module *module, struct module_seen *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        struct token token = {.module = *module, .slot = seen->tokens[i].slot};
        seen_describe(seen, i, &token.info);
        seen->tokens[i].unread = !session_open(&token, false, NULL) ||
                                 !token_look_at_keys(&token, CKO_PUBLIC_KEY, i, seen, NULL) ||
                                 !token_look_at_keys(&token, CKO_CERTIFICATE, i, seen, NULL);
        session_close(&token);
    }
}
