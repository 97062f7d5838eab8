#include "hsm/login/pin.h"

#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"

static bool pin_error(struct ssa_error *err, const struct token *token, const char *cause, const char *what,
                      const char *hint)
{
    error_set(err, SSA_PIN, cause, token->info.uri, "%s", what);
    return error_hint(err, "%s", hint);
}

static const char *how_to_unlock(const struct token *token)
{
    const char *unlock = token->info.quirks->unlock;
    return unlock != NULL ? unlock : "The token's own tool unlocks it, with the PUK or as security officer";
}

bool pin_may_be_tried(const struct token *token, struct ssa_error *err)
{
    if (token->info.pin_locked) {
        pin_error(err, token, "CKF_USER_PIN_LOCKED", "the PIN is locked", how_to_unlock(token));
        return error_number(err, SSA_DOMAIN_PKCS11, CKR_PIN_LOCKED);
    }
    if (token->info.pin_unset) {
        pin_error(err, token, "CKR_USER_PIN_NOT_INITIALIZED", "the token has no user PIN yet",
                  "Set one with the token's own tool, e.g. `pkcs11-tool --login --login-type so --init-pin`.");
        return error_number(err, SSA_DOMAIN_PKCS11, CKR_USER_PIN_NOT_INITIALIZED);
    }
    return true;
}

bool pin_has_right_length(const struct token *token, const struct secret *pin, struct ssa_error *err)
{
    const struct token_info *info = &token->info;
    const bool known = info->pin_max > 0 && info->pin_max >= info->pin_min && info->pin_max <= PIN_MAX;
    if (pin->len == 0)
        return pin_error(err, token, NULL, "the PIN is empty; no try was spent", "Give the token's user PIN.");
    if (known && (pin->len < info->pin_min || pin->len > info->pin_max)) {
        error_set(err, SSA_PIN, "CKR_PIN_LEN_RANGE", info->uri,
                  "the PIN's length is outside the token's %zu to %zu; no try was spent", info->pin_min, info->pin_max);
        return error_hint(err, "Is this the PIN of another token?");
    }
    return true;
}

// Modules have more answers to a wrong PIN than CKR_PIN_INCORRECT: only an error from before the token looks at the PIN
// has surely spent no try.
enum pin_outcome pin_outcome_of(CK_RV rv)
{
    switch (rv) {
    case CKR_OK:
        return PIN_ACCEPTED;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_LOCKED:
        return PIN_REFUSED;
    case CKR_USER_ALREADY_LOGGED_IN:
    case CKR_PIN_EXPIRED: // the PIN is right, but cannot be used
    case CKR_ARGUMENTS_BAD:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_FUNCTION_CANCELED:
    case CKR_CANCEL:
    case CKR_FUNCTION_NOT_SUPPORTED:
    case CKR_OPERATION_NOT_INITIALIZED:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_READ_ONLY_EXISTS:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
    case CKR_USER_PIN_NOT_INITIALIZED:
    case CKR_USER_TOO_MANY_TYPES:
    case CKR_USER_TYPE_INVALID:
        return PIN_NOT_TRIED;
    default:
        return PIN_UNKNOWN;
    }
}

// OpenPGP cards answer a wrong PIN with "security status not satisfied", which OpenSC turns into
// CKR_USER_NOT_LOGGED_IN. As an answer to a login, it means nothing else.
enum pin_outcome pin_login_outcome(CK_RV rv)
{
    return rv == CKR_USER_NOT_LOGGED_IN ? PIN_REFUSED : pin_outcome_of(rv);
}

void pin_pad_again(const struct token *token)
{
    if (token->info.pin_pad && token->giver.pad_again != NULL)
        token->giver.pad_again(token->giver.context, &token->info);
}

bool pin_login_failed(struct ssa_error *err, const struct token *token, CK_RV rv)
{
    if (rv == CKR_FUNCTION_CANCELED || rv == CKR_CANCEL)
        return token_fail(err, SSA_PIN, rv, token, "the PIN entry was cancelled");
    if (rv == CKR_PIN_EXPIRED) {
        token_fail(err, SSA_PIN, rv, token, "the PIN is right, but has to be changed first");
        return error_hint(err, "Change it with the token's own tool, e.g. `pkcs11-tool --login --change-pin`.");
    }
    if (pin_login_outcome(rv) == PIN_NOT_TRIED)
        return token_fail(err, SSA_TOKEN, rv, token, "login failed");
    if (pin_login_outcome(rv) == PIN_UNKNOWN) {
        token_fail(err, SSA_TOKEN, rv, token, "login failed, and whether a PIN try was spent is not known");
        return error_hint(err, "Look at the token with its own tool before you run this again.");
    }
    token_fail(err, SSA_PIN, rv, token, "the token refuses the PIN");
    if (rv == CKR_PIN_LOCKED)
        return error_hint(err, "%s.", how_to_unlock(token));
    if (token->info.quirks->pin_tries > 0)
        return error_hint(
            err, "It was tried once. %u wrong PINs in all lock this token: check it before you run this again.",
            token->info.quirks->pin_tries);
    return error_hint(err,
                      "It was tried once. A few wrong tries lock a token: check the PIN before you run this again.");
}

bool pin_not_sent(struct ssa_error *err, const struct token *token)
{
    const CK_RV rv = token_gone(token);
    token_fail(err, SSA_TOKEN, rv, token, "the token is not there any more; no PIN was sent to it");
    return error_hint(err, rv == CKR_TOKEN_NOT_PRESENT
                               ? "Was it pulled out, or replaced by another? Put it in and run this again."
                               : "No PIN was sent to the token.");
}

bool pin_is_used_up(struct ssa_error *err, const struct token *token)
{
    pin_error(err, token, token->info.pin_locked ? "CKF_USER_PIN_LOCKED" : "CKF_USER_PIN_FINAL_TRY",
              "somebody else has just tried wrong PINs, so this one was not tried",
              token->info.pin_locked ? how_to_unlock(token) : "Run this again: then you are asked first.");
    return token->info.pin_locked ? error_number(err, SSA_DOMAIN_PKCS11, CKR_PIN_LOCKED) : false;
}
