#include "hsm/key/sign.h"

#include <openssl/evp.h>

#include "hsm/host/protocol.h"
#include "hsm/key/key_find.h"
#include "hsm/key/rs256.h"
#include "hsm/login/login_again.h"
#include "hsm/login/pin.h"
#include "hsm/login/touch.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"

enum { SIGNATURE_MIN = 128 };

// For tokens that do not hash, and where the digest is given: the DigestInfo of SHA-256.
static bool digest_info(const struct key_input *what, uint8_t out[static RS256_INFO_BYTES])
{
    uint8_t *digest = out + RS256_PREFIX_BYTES;
    memcpy(out, rs256_prefix, RS256_PREFIX_BYTES);
    if (!what->hashed)
        return EVP_Digest(what->bytes.data, what->bytes.len, digest, NULL, EVP_sha256(), NULL) == 1;
    if (what->bytes.len != SHA256_BYTES)
        return false;
    memcpy(digest, what->bytes.data, SHA256_BYTES);
    return true;
}

// Where a card is reset during a signature, the module gets an answer that it does not understand. Other modules say in
// many ways that a session, a login or an object is not there any more.
static bool sign_is_lost(const struct token *token, CK_RV rv)
{
    switch (rv) {
    case CKR_HOST_GONE:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_OPERATION_ACTIVE:
    case CKR_OPERATION_NOT_INITIALIZED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
    case CKR_DEVICE_ERROR:
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
        return true;
    case CKR_ARGUMENTS_BAD:
        return token->info.quirks->resets_card;
    default:
        return token_is_lost(token, rv);
    }
}

// The login that a key wants for each signature (PKCS#11 v2.40 section 4.9, CKA_ALWAYS_AUTHENTICATE).
static bool login_for_signature(struct token *token, const struct key *key, bool *lost, struct ssa_error *err)
{
    if (!key->login_each_time)
        return true;
    // A PIN that was not kept is given again where the login is made anew. Without one, a pad would be meant.
    *lost = !token->info.pin_pad && token->pin.len == 0;
    if (*lost)
        return token_fail(err, SSA_TOKEN, CKR_USER_NOT_LOGGED_IN, token,
                          "the key wants a login for this signature, and the PIN is not kept");
    pin_pad_again(token);
    const CK_RV rv =
        call_login(token->module.call, token->session, CKU_CONTEXT_SPECIFIC, token->pin.data, token->pin.len);
    *lost = rv != CKR_OK && pin_outcome_of(rv) == PIN_NOT_TRIED && sign_is_lost(token, rv);
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

// A signature that is made: in two calls, or at once.
struct making {
    struct token *token;
    const struct key *key;
    const struct key_input *what;
    bool at_once;
    bool begun; // C_SignInit has succeeded
    bool made;  // C_Sign was called, too
    uint8_t info[RS256_INFO_BYTES];
    struct span message; // what the token signs by the mechanism: the message, or info
    uint8_t *out;
    CK_ULONG room, len;
};

static CK_RV begin_with(struct making *m, CK_MECHANISM_TYPE type)
{
    const CK_MECHANISM mechanism = {.mechanism = type};
    struct remote *call = m->token->module.call;
    const CK_SESSION_HANDLE session = m->token->session;
    if (!m->at_once) {
        const CK_RV rv = call_sign_init(call, session, &mechanism, m->key->private_object);
        m->begun = rv == CKR_OK;
        return rv;
    }
    m->len = m->room;
    const CK_RV rv =
        call_sign_at_once(call, session, &mechanism, m->key->private_object, m->message, m->out, &m->len, &m->begun);
    m->made = m->begun;
    return rv;
}

// Chooses the mechanism, and begins.
static bool begin(struct making *m, CK_RV *rv)
{
    *rv = CKR_MECHANISM_INVALID;
    m->message = m->what->bytes;
    if (!m->what->hashed && m->what->bytes.len <= VALUE_MAX)
        *rv = begin_with(m, CKM_SHA256_RSA_PKCS);
    if (m->begun || *rv != CKR_MECHANISM_INVALID)
        return true;
    m->message = span_of(m->info, sizeof m->info);
    if (!digest_info(m->what, m->info))
        return false;
    *rv = begin_with(m, CKM_RSA_PKCS);
    return true;
}

static CK_RV finish(struct making *m)
{
    m->len = m->room;
    return call_sign(m->token->module.call, m->token->session, m->message.data, m->message.len, m->out, &m->len);
}

bool key_sign_once(struct token *token, const struct key *key, const struct key_input *what, struct secret *signature,
                   bool *lost, struct ssa_error *err)
{
    struct making m = {.token = token,
                       .key = key,
                       .what = what,
                       .at_once = what->at_once && !key->login_each_time && !token->info.quirks->wants_touch,
                       .out = signature->data + signature->len,
                       .room = signature->capacity - signature->len};
    CK_RV rv = CKR_OK;
    *lost = false;
    if (!begin(&m, &rv))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "SHA-256 failed");
    *lost = sign_is_lost(token, rv);
    if (!m.begun)
        return token_fail(err, SSA_TOKEN, rv, token, "signing cannot be started");
    if (!m.made && !login_for_signature(token, key, lost, err))
        return false;
    struct touch touch;
    touch_begin(&touch, token);
    if (!m.made)
        rv = finish(&m);
    touch_end(&touch);
    // A reset ends the login. A touch that does not come does, too, but it is not waited for twice.
    *lost = touch.told ? token_is_lost(token, rv) : sign_is_lost(token, rv);
    if (rv != CKR_OK) {
        token_fail(err, SSA_TOKEN, rv, token, "the token does not sign");
        // A touch that did not come in time has no error code of its own.
        return touch.told && rv == CKR_USER_NOT_LOGGED_IN ? error_hint(err, TOUCH_HINT) : false;
    }
    if (!right_length(token, key, m.len, m.room, err))
        return false;
    signature->len += m.len;
    signature->data[signature->len] = 0;
    return true;
}

bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err)
{
    bool lost = false;
    return key_sign_once(token, key, &(struct key_input){.bytes = message}, signature, &lost, err);
}

bool key_find_and_sign(struct token *token, const struct uri *uri, struct span message, struct secret *signature,
                       struct ssa_error *err)
{
    struct key key;
    bool lost = false;
    if (!key_find(token, uri, &key, err))
        return false;
    if (key_sign_once(token, &key, &(struct key_input){.bytes = message}, signature, &lost, err))
        return true;
    return lost && login_may_be_reset(token) && login_begin_anew(token, err) && key_find(token, uri, &key, err) &&
           key_sign(token, &key, message, signature, err);
}

bool key_digest_of(struct span info, struct span *digest)
{
    if (info.len != RS256_INFO_BYTES || memcmp(info.data, rs256_prefix, RS256_PREFIX_BYTES) != 0)
        return false;
    *digest = span_of(info.data + RS256_PREFIX_BYTES, SHA256_BYTES);
    return true;
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
