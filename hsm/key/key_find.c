#include "hsm/key/key_find.h"

#include "hsm/key/public.h"
#include "hsm/key/slot.h"
#include "hsm/login/login_again.h"
#include "hsm/login/ready.h"
#include "hsm/object/find.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"
#include "hsm/uri/uri_match.h"

bool key_find(struct token *token, const struct uri *uri, struct key *key, struct ssa_error *err)
{
    *key = (struct key){0};
    if (!uri_names_object(uri))
        return error_because(err, SSA_CONFIG, SSA_REASON_URI_NO_KEY, token->info.uri,
                             "the key's URI names the token, but no key on it");
    static const CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
    static const CK_KEY_TYPE rsa_type = CKK_RSA;
    CK_ATTRIBUTE template[4] = {ATTRIBUTE(CKA_CLASS, &private_class, sizeof private_class),
                                ATTRIBUTE(CKA_KEY_TYPE, &rsa_type, sizeof rsa_type)};
    CK_ULONG attributes = 2, count = 0;
    static const CK_ATTRIBUTE_TYPE named[] = {CKA_ID, CKA_LABEL};
    for (size_t i = 0; i < COUNT(named); i++) {
        const CK_ATTRIBUTE *given = uri_attribute(uri, named[i]);
        if (given != NULL)
            template[attributes++] = *given;
    }
    CK_OBJECT_HANDLE found[2];
    if (!object_find_some(token, template, attributes, found, 2, &count, err))
        return false;
    // A card that is reset while it is read looks as if it held nothing: it is read once more.
    if (count == 0 && login_may_be_reset(token) &&
        (!login_begin_anew(token, err) || !object_find_some(token, template, attributes, found, 2, &count, err)))
        return false;
    if (count == 0)
        return error_because(err, SSA_KEY_MISSING, SSA_REASON_KEY_NOT_FOUND, token->info.uri,
                             "the token does not hold the key");
    if (count > 1)
        return error_because(err, SSA_CONFIG, SSA_REASON_KEYS_SEVERAL, token->info.uri,
                             "several keys on the token match the key's URI");
    key->private_object = found[0];
    return key_read(token, key, err);
}

// Since the slot was chosen, minutes may have passed: people were asked, and the API was called.
static bool slot_check_free(struct token *token, uint8_t id, struct ssa_error *err)
{
    struct card_slot slot;
    if (!session_renew(token, err) || !login_as(token, CKU_USER, err) || !slot_look(token, id, &slot, err))
        return false;
    if (slot.used)
        return error_set(err, SSA_CONFIG, NULL, token->info.uri, "slot %s is used after all", slot.name);
    return ready_slots_must_be_read(token, err);
}

static bool check_free_once(struct token *token, const struct key_name *name, struct ssa_error *err)
{
    if (name->slot != 0)
        return slot_check_free(token, name->slot, err);
    const struct span id = key_id(name);
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_ID, id.data, id.len)};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    if (!object_find_some(token, template, 1, &found, 1, &count, err))
        return false;
    if (count == 0)
        return true;
    error_set(err, SSA_IN_USE, NULL, token->info.uri, "the token already holds an object with the id %.*s",
              SPAN_PRINTF(id));
    error_hint(err, "The object is left as it is.");
    return error_reason(err, SSA_REASON_KEY_ID_USED, NULL);
}

// It looks twice. A module may once find nothing without an error, and an undoing relies on this: it takes whatever has
// the id for what the import made.
bool key_check_free(struct token *token, const struct key_name *name, struct ssa_error *err)
{
    if (name->slot != 0 && name->replaces)
        return true;
    bool is_free = true;
    for (unsigned look = 0; is_free && look < 2; look++)
        is_free = check_free_once(token, name, err);
    return is_free;
}
