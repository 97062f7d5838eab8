#include "hsm/key/sign.h"

#include <openssl/evp.h>

#include "hsm/key/key_find.h"
#include "hsm/key/rs256.h"
#include "hsm/login/login_again.h"
#include "hsm/login/pin.h"
#include "hsm/login/touch.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"

enum { SHA256_BYTES = 32, SIGNATURE_MIN = 128 };

// For tokens that do not hash: the DigestInfo of SHA-256 before the digest (RFC 8017 section 9.2, note 1).
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
        call_login(token->module.call, token->session, CKU_CONTEXT_SPECIFIC, token->pin.data, token->pin.len);
    if (rv == CKR_OK)
        return true;
    const enum pin_outcome outcome = pin_outcome_of(rv);
    if ((outcome == PIN_REFUSED || outcome == PIN_UNKNOWN) && token->giver.outcome != NULL)
        token->giver.outcome(token->giver.context, &token->info, outcome);
    const bool is_refused = outcome == PIN_REFUSED;
    token_fail(err, is_refused ? SSA_PIN : SSA_TOKEN, rv, token, "the key's own login, for this signature, %s",
               is_refused ? "is refused" : "fails");
    return error_reason(err, SSA_REASON_KEY_LOGIN, NULL);
}

// A signature is as long as the modulus (RFC 8017 section 8.2.1). Where the token does not tell the modulus, any length
// that a signature may have is right.
static bool right_length(const struct token *token, const struct key *key, CK_ULONG len, CK_ULONG room,
                         struct ssa_error *err)
{
    if (len > room)
        return token_fail(err, SSA_TOKEN, CKR_SIGNATURE_LEN_RANGE, token,
                          "the token says that the signature has %lu bytes, but it had room for %lu", len, room);
    if (key->modulus_len > 0 ? len == key->modulus_len : len >= SIGNATURE_MIN && len <= RSA_BYTES_MAX)
        return true;
    return token_fail(err, SSA_TOKEN, CKR_SIGNATURE_LEN_RANGE, token,
                      "the signature has %lu bytes, but the key has %zu", len, key->modulus_len);
}

// Where a card is reset during a signature, the module gets an answer that it does not understand.
static bool sign_is_lost(const struct token *token, CK_RV rv)
{
    return token_is_lost(token, rv) ||
           (token->info.quirks->resets_card && (rv == CKR_ARGUMENTS_BAD || rv == CKR_KEY_HANDLE_INVALID));
}

// *lost becomes whether the token seems to be lost.
static bool sign_once(struct token *token, const struct key *key, struct span message, struct secret *signature,
                      bool *lost, struct ssa_error *err)
{
    struct remote *call = token->module.call;
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_RSA_PKCS};
    uint8_t info[64];
    CK_RV rv = call_sign_init(call, token->session, &mechanism, key->private_object);
    if (rv == CKR_MECHANISM_INVALID) {
        size_t len = 0;
        if (!digest_info(message, info, &len))
            return error_set(err, SSA_UNEXPECTED, NULL, NULL, "SHA-256 failed");
        message = span_of(info, len);
        mechanism.mechanism = CKM_RSA_PKCS;
        rv = call_sign_init(call, token->session, &mechanism, key->private_object);
    }
    *lost = token_is_lost(token, rv);
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "signing cannot be started");
    if (!login_for_signature(token, key, err))
        return false;
    const CK_ULONG room = signature->capacity - signature->len;
    CK_ULONG len = room;
    struct touch touch;
    touch_begin(&touch, token);
    rv = call_sign(call, token->session, (CK_BYTE_PTR)(uintptr_t)message.data, message.len,
                   signature->data + signature->len, &len);
    touch_end(&touch);
    // A reset ends the login. A touch that does not come does, too, but it is not waited for twice.
    *lost = sign_is_lost(token, rv) || (rv == CKR_USER_NOT_LOGGED_IN && !touch.told);
    if (rv != CKR_OK) {
        token_fail(err, SSA_TOKEN, rv, token, "the token does not sign");
        // A touch that did not come in time has no error code of its own.
        return touch.told && rv == CKR_USER_NOT_LOGGED_IN ? error_hint(err, TOUCH_HINT) : false;
    }
    if (!right_length(token, key, len, room, err))
        return false;
    signature->len += len;
    signature->data[signature->len] = 0;
    return true;
}

bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err)
{
    bool lost = false;
    return sign_once(token, key, message, signature, &lost, err);
}

bool key_find_and_sign(struct token *token, const struct uri *uri, struct span message, struct secret *signature,
                       struct ssa_error *err)
{
    struct key key;
    bool lost = false;
    if (!key_find(token, uri, &key, err))
        return false;
    if (sign_once(token, &key, message, signature, &lost, err))
        return true;
    return lost && login_may_be_reset(token) && login_begin_anew(token, err) && key_find(token, uri, &key, err) &&
           key_sign(token, &key, message, signature, err);
}

static bool no_public_half(const struct token *token, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token->info.uri,
              "the token tells the key's public half nowhere, so nobody can verify what it signs");
    error_hint(err, "A public key object or a certificate with the key's id, beside it on the token, would tell.");
    return error_reason(err, SSA_REASON_KEY_NO_PUBLIC_HALF, NULL);
}

bool key_attest(struct token *token, const struct key *key, struct span message, struct secret *signature,
                struct ssa_error *err)
{
    const size_t before = signature->len;
    if (key->modulus_len == 0)
        return no_public_half(token, err);
    return key_sign(token, key, message, signature, err) &&
           (rs256_verify(span_of(key->modulus, key->modulus_len), span_of(key->exponent, key->exponent_len), message,
                         span_of(signature->data + before, signature->len - before)) ||
            error_set(err, SSA_TOKEN, "CKR_SIGNATURE_INVALID", token->info.uri,
                      "the key's signature does not verify with its public half"));
}
