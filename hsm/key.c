// Finding a key and signing with it.
#include "hsm/key.h"

#include <openssl/evp.h>

#include "hsm/pkcs11.h"
#include "hsm/recipe.h"
#include "hsm/slot.h"
#include "hsm/touch.h"

static const CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static const CK_KEY_TYPE rsa_type = CKK_RSA;

enum { SHA256_BYTES = 32, SIGNATURE_MIN = 128 };

// Whether another process may have reset the card under us, and the PIN that was right can be sent again.
static bool may_be_reset(const struct token *token)
{
    return token->info.recipe->resets_card && token->logged_in && !token->info.pin_pad;
}

static bool begin_anew(struct token *token, struct ssa_error *err)
{
    if (!token_reopen(token, true) || !token_make_ready(token, true))
        return ckr_fail(err, SSA_TOKEN, CKR_TOKEN_NOT_PRESENT, token, "the token is not there any more");
    return session_as(token, CKU_USER, err);
}

// A card that is reset while it is read looks as if it held nothing: it is read once more.
static bool find_after_reset(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes,
                             CK_OBJECT_HANDLE found[static 2], CK_ULONG *count, struct ssa_error *err)
{
    if (!may_be_reset(token))
        return true;
    return begin_anew(token, err) && find_objects(token, template, attributes, found, 2, count, err);
}

bool key_find(struct token *token, const struct uri *uri, struct key *key, struct ssa_error *err)
{
    *key = (struct key){0};
    if (!uri_names_object(uri)) {
        error_set(err, SSA_CONFIG, NULL, token->info.uri, "PRIVATE_KEY names a token, but no key on it");
        return error_hint(err, "`ssa-hsm hsm list --login` prints the URIs of the token's keys.");
    }
    CK_ATTRIBUTE template[4] = {ATTRIBUTE(CKA_CLASS, &private_class, sizeof private_class),
                                ATTRIBUTE(CKA_KEY_TYPE, &rsa_type, sizeof rsa_type)};
    CK_ULONG attributes = 2, count = 0;
    static const CK_ATTRIBUTE_TYPE named[] = {CKA_ID, CKA_LABEL};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        const CK_ATTRIBUTE *given = uri_attribute(uri, named[i]);
        if (given != NULL)
            template[attributes++] = *given;
    }
    CK_OBJECT_HANDLE found[2];
    if (!find_objects(token, template, attributes, found, 2, &count, err) ||
        (count == 0 && !find_after_reset(token, template, attributes, found, &count, err)))
        return false;
    if (count == 0) {
        error_set(err, SSA_KEY_MISSING, NULL, token->info.uri,
                  "the token does not hold the key that PRIVATE_KEY names");
        return error_hint(err, "`ssa-hsm hsm list --login` shows the keys it holds; `ssa-hsm key create "
                               "--force` makes a new one.");
    }
    if (count > 1) {
        error_set(err, SSA_CONFIG, NULL, token->info.uri, "several keys on the token match PRIVATE_KEY");
        return error_hint(err,
                          "Its URI must name one of them by id and object: see `ssa-hsm hsm list --login`.");
    }
    key->private_object = found[0];
    return key_read(token, key, err);
}

struct span key_id(const struct key_name *name)
{
    return name->slot != 0 ? span_of(&name->slot, 1) : span_text(name->kid);
}

// Minutes may have gone by at prompts and the API since the slot was chosen.
static bool slot_check_free(struct token *token, uint8_t id, struct ssa_error *err)
{
    struct card_slot slot;
    if (!session_renew(token, err) || !session_as(token, CKU_USER, err) || !slot_look(token, id, &slot, err))
        return false;
    if (slot.used)
        return error_set(err, SSA_CONFIG, NULL, token->info.uri, "slot %s is used after all", slot.name);
    return slots_were_read(token, err);
}

static bool check_free_once(struct token *token, const struct key_name *name, struct ssa_error *err)
{
    if (name->slot != 0)
        return slot_check_free(token, name->slot, err);
    const struct span id = key_id(name);
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_ID, id.data, id.len)};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    if (!find_objects(token, template, 1, &found, 1, &count, err))
        return false;
    if (count == 0)
        return true;
    error_set(err, SSA_CONFIG, NULL, token->info.uri, "the token already holds an object with the id %.*s",
              SPAN_PRINTF(id));
    return error_hint(
        err,
        "`ssa-hsm hsm list --login` shows keys, `pkcs11-tool --list-objects` the rest. It is left as it is.");
}

// What is undone later is told from what was there by this alone, and a module may find nothing once and say
// that all is well.
bool key_check_free(struct token *token, const struct key_name *name, struct ssa_error *err)
{
    if (name->slot != 0 && name->replaces)
        return true;
    bool is_free = true;
    for (unsigned look = 0; is_free && look < 2; look++)
        is_free = check_free_once(token, name, err);
    return is_free;
}

// The DigestInfo of SHA-256 in front of the digest (RFC 8017 section 9.2, note 1), for tokens that do not
// hash.
static bool digest_info(struct span message, uint8_t out[static 64], size_t *len)
{
    static const uint8_t prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    memcpy(out, prefix, sizeof prefix);
    *len = sizeof prefix + SHA256_BYTES;
    return EVP_Digest(message.data, message.len, out + sizeof prefix, NULL, EVP_sha256(), NULL) == 1;
}

// The login that a key wants for each signature (PKCS#11 v2.40 section 4.9, CKA_ALWAYS_AUTHENTICATE).
static bool login_for_signature(struct token *token, const struct key *key, struct ssa_error *err)
{
    if (!key->login_each_time)
        return true;
    pin_pad_again(token);
    const CK_RV rv =
        token->module.call->C_Login(token->session, CKU_CONTEXT_SPECIFIC, token->pin.data, token->pin.len);
    if (rv == CKR_OK)
        return true;
    const enum pin_outcome outcome = pin_outcome_of(rv);
    token->own_login_failed = true;
    if ((outcome == PIN_REFUSED || outcome == PIN_UNKNOWN) && token->giver.outcome != NULL)
        token->giver.outcome(token->giver.context, &token->info, outcome);
    if (outcome != PIN_REFUSED)
        return ckr_fail(err, SSA_TOKEN, rv, token, "the key's own login, for this signature, fails");
    ckr_fail(err, SSA_PIN, rv, token, "the key's own login, for this signature, is refused");
    return error_hint(err, "Some cards have a PIN of its own for signatures, which is not asked for here.");
}

// A touch that did not come in time has no code of its own.
static bool not_signed(struct ssa_error *err, const struct token *token, CK_RV rv, bool touch_told)
{
    ckr_fail(err, SSA_TOKEN, rv, token, "the token does not sign");
    return touch_told && rv == CKR_USER_NOT_LOGGED_IN ? error_hint(err, TOUCH_HINT) : false;
}

// As long as the modulus (RFC 8017 section 8.2.1). Of a key whose modulus the token does not tell, it is what
// tells how long that is.
static bool right_length(const struct token *token, const struct key *key, CK_ULONG len, CK_ULONG room,
                         struct ssa_error *err)
{
    if (len > room)
        return ckr_fail(err, SSA_TOKEN, CKR_SIGNATURE_LEN_RANGE, token,
                        "the token tells of a signature of %lu bytes where it had room for %lu", len, room);
    if (key->modulus_len > 0 ? len == key->modulus_len : len >= SIGNATURE_MIN && len <= RSA_BYTES_MAX)
        return true;
    return ckr_fail(err, SSA_TOKEN, CKR_SIGNATURE_LEN_RANGE, token,
                    "the signature is %lu bytes where the key has %zu", len, key->modulus_len);
}

bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err)
{
    CK_FUNCTION_LIST *call = token->module.call;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_RSA_PKCS};
    uint8_t info[64];
    CK_RV rv = call->C_SignInit(token->session, &mechanism, key->private_object);
    if (rv == CKR_MECHANISM_INVALID) {
        size_t len = 0;
        if (!digest_info(message, info, &len))
            return error_set(err, SSA_UNEXPECTED, NULL, NULL, "SHA-256 failed");
        message = span_of(info, len);
        mechanism.mechanism = CKM_RSA_PKCS;
        rv = call->C_SignInit(token->session, &mechanism, key->private_object);
    }
    token->sign_begun = rv;
    token->sign_lost = token_is_lost(token, rv);
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "signing cannot be started");
    if (!login_for_signature(token, key, err))
        return false;
    const CK_ULONG room = signature->capacity - signature->len;
    CK_ULONG len = room;
    struct touch touch;
    touch_begin(&touch, token);
    rv = call->C_Sign(token->session, (CK_BYTE_PTR)(uintptr_t)message.data, message.len,
                      signature->data + signature->len, &len);
    touch_end(&touch);
    // A reset also ends the login. So does a finger that does not come, which is not waited for twice.
    token->sign_lost = token_is_lost(token, rv) || (rv == CKR_USER_NOT_LOGGED_IN && !touch.told);
    if (rv != CKR_OK)
        return not_signed(err, token, rv, touch.told);
    if (!right_length(token, key, len, room, err))
        return false;
    signature->len += len;
    signature->data[signature->len] = 0;
    return true;
}

static bool find_and_sign(struct token *token, const struct uri *uri, struct span message,
                          struct secret *signature, struct ssa_error *err)
{
    struct key key;
    token->sign_lost = false;
    return key_find(token, uri, &key, err) && key_sign(token, &key, message, signature, err);
}

bool key_find_and_sign(struct token *token, const struct uri *uri, struct span message,
                       struct secret *signature, struct ssa_error *err)
{
    if (find_and_sign(token, uri, message, signature, err))
        return true;
    return token->sign_lost && may_be_reset(token) && begin_anew(token, err) &&
           find_and_sign(token, uri, message, signature, err);
}
