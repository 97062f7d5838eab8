// Logging in, with nobody's PIN tries spent in vain.
#include "hsm/pkcs11.h"

#include <ctype.h>

#include "core/monotonic.h"
#include "hsm/recipe.h"
#include "hsm/slot.h"
#include "hsm/touch.h"

enum { SENT_MAX = 3, RESETS_MAX = 3 };

static bool pin_error(struct ssa_error *err, const struct token *token, const char *cause, const char *what,
                      const char *hint)
{
    error_set(err, SSA_PIN, cause, token->info.uri, "%s", what);
    return error_hint(err, "%s", hint);
}

static const char *how_to_unlock(const struct token *token)
{
    const char *unlock = token->info.recipe->unlock;
    return unlock != NULL ? unlock : "The token's own tool unlocks it, with the PUK or as security officer";
}

// Flags that say that no PIN can be right.
static bool may_try(const struct token *token, struct ssa_error *err)
{
    if (token->info.pin_locked) {
        pin_error(err, token, "CKF_USER_PIN_LOCKED", "the PIN is locked", how_to_unlock(token));
        return error_number(err, SSA_DOMAIN_PKCS11, CKR_PIN_LOCKED);
    }
    if (token->info.pin_unset)
        return pin_error(
            err, token, "CKR_USER_PIN_NOT_INITIALIZED", "the token has no user PIN yet",
            "Set one with the token's own tool, e.g. `pkcs11-tool --login --login-type so --init-pin`.");
    return true;
}

// A length that cannot be right is not worth a try; some tokens count it as one.
static bool right_length(const struct token *token, const struct secret *pin, struct ssa_error *err)
{
    const struct token_info *info = &token->info;
    const bool known = info->pin_max > 0 && info->pin_max >= info->pin_min && info->pin_max <= PIN_MAX;
    if (pin->len == 0)
        return pin_error(err, token, NULL, "the PIN is empty; no try was spent",
                         "Give the token's user PIN.");
    if (known && (pin->len < info->pin_min || pin->len > info->pin_max)) {
        error_set(err, SSA_PIN, "CKR_PIN_LEN_RANGE", info->uri,
                  "the PIN's length is outside the token's %zu to %zu; no try was spent", info->pin_min,
                  info->pin_max);
        return error_hint(err, "Is this the PIN of another token?");
    }
    return true;
}

// Whether a login that gave rv spent a try. Modules answer a wrong PIN with more than CKR_PIN_INCORRECT: only
// what is told before the token looks at a PIN is surely none.
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
    case CKR_PIN_EXPIRED: // right, and of no use
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

// Whether the user's login spent one. A card may answer a wrong PIN with "security status not satisfied"
// (OpenPGP does), which OpenSC turns into this; that nobody is logged in is no answer to a login.
static enum pin_outcome login_outcome(CK_RV rv)
{
    return rv == CKR_USER_NOT_LOGGED_IN ? PIN_REFUSED : pin_outcome_of(rv);
}

void pin_pad_again(const struct token *token)
{
    if (token->info.pin_pad && token->giver.pad_again != NULL)
        token->giver.pad_again(token->giver.context, &token->info);
}

static bool login_failed(struct ssa_error *err, const struct token *token, CK_RV rv)
{
    if (rv == CKR_FUNCTION_CANCELED || rv == CKR_CANCEL)
        return ckr_fail(err, SSA_PIN, rv, token, "the PIN entry was cancelled");
    if (rv == CKR_PIN_EXPIRED) {
        ckr_fail(err, SSA_PIN, rv, token, "the PIN is right, but has to be changed first");
        return error_hint(err,
                          "Change it with the token's own tool, e.g. `pkcs11-tool --login --change-pin`.");
    }
    if (login_outcome(rv) == PIN_NOT_TRIED)
        return ckr_fail(err, SSA_TOKEN, rv, token, "login failed");
    if (login_outcome(rv) == PIN_UNKNOWN) {
        ckr_fail(err, SSA_TOKEN, rv, token, "login failed, and whether a PIN try was spent is not known");
        return error_hint(err, "Look at the token with its own tool before you run this again.");
    }
    ckr_fail(err, SSA_PIN, rv, token, "the token refuses the PIN");
    if (rv == CKR_PIN_LOCKED)
        return error_hint(err, "%s.", how_to_unlock(token));
    if (token->info.recipe->pin_tries > 0)
        return error_hint(
            err,
            "It was tried once. %u wrong PINs in all lock this token: check it before you run this again.",
            token->info.recipe->pin_tries);
    return error_hint(
        err, "It was tried once. A few wrong tries lock a token: check the PIN before you run this again.");
}

// What it looks like where another process is writing the token's file.
static bool is_hidden(const struct token *token, CK_RV rv)
{
    return token->info.recipe->rewritten_by != NULL &&
           (rv == CKR_GENERAL_ERROR || rv == CKR_USER_PIN_NOT_INITIALIZED || rv == CKR_TOKEN_NOT_RECOGNIZED);
}

static bool pin_is_used_up(struct ssa_error *err, const struct token *token)
{
    pin_error(err, token, token->info.pin_locked ? "CKF_USER_PIN_LOCKED" : "CKF_USER_PIN_FINAL_TRY",
              "others have tried wrong PINs just now, so this one was not tried",
              token->info.pin_locked ? how_to_unlock(token) : "Run the command again: it asks first.");
    return token->info.pin_locked ? error_number(err, SSA_DOMAIN_PKCS11, CKR_PIN_LOCKED) : false;
}

// What is still unread in the end may be no longer on the card.
bool token_make_ready(struct token *token, bool writable)
{
    if (!token_is_there(token) && !token_reopen(token, writable))
        return false;
    for (unsigned resets = 0; resets < RESETS_MAX && !slots_seem_read(token); resets++)
        if (!token_reopen(token, writable))
            return false;
    return true;
}

// Logs in once, with the token seen in its slot before: a PIN that is sent to a token which is gone is taken
// for a try. False where it was not sent, with err filled.
static bool send_pin(struct token *token, bool writable, CK_RV *rv, struct ssa_error *err)
{
    const bool was_final = token->info.pin_final_try;
    if (!token_make_ready(token, writable)) {
        *rv = CKR_TOKEN_NOT_PRESENT;
        ckr_fail(err, SSA_TOKEN, *rv, token, "the token is not there any more; no PIN was sent to it");
        return error_hint(err, "Was it pulled out, or another put in its place? Run this again with it.");
    }
    if (token->info.pin_locked || (token->info.pin_final_try && !was_final))
        return pin_is_used_up(err, token);
    *rv = token->module.call->C_Login(token->session, CKU_USER, token->pin.data, token->pin.len);
    return true;
}

// What became of the PIN in this run.
struct sent {
    unsigned times, unknown;
    long long until;
};

// A lost token is tried again once where it did not tell about the PIN; one that others hide, as long as
// there is patience.
static bool may_send_again(struct token *token, bool writable, CK_RV rv, const struct sent *sent)
{
    const struct pin_giver *giver = &token->giver;
    const bool hidden = is_hidden(token, rv) && monotonic_ms() < sent->until;
    const bool lost = token_is_lost(token, rv) && sent->times < SENT_MAX && sent->unknown <= 1;
    if (token->info.pin_pad || giver->again == NULL || (!hidden && !lost))
        return false;
    pause_a_step();
    return token_reopen(token, writable) && giver->again(giver->context, &token->info);
}

static bool try_pin(struct token *token, bool writable, struct ssa_error *err)
{
    const struct pin_giver *giver = &token->giver;
    struct sent sent = {.until = monotonic_ms() + PATIENCE_MS};
    token->who = CKU_USER;
    for (;;) {
        CK_RV rv = CKR_OK;
        if (!send_pin(token, writable, &rv, err)) {
            giver->outcome(giver->context, &token->info, PIN_NOT_TRIED);
            return false;
        }
        const enum pin_outcome outcome = login_outcome(rv);
        giver->outcome(giver->context, &token->info, outcome);
        token->logged_in = outcome == PIN_ACCEPTED;
        // Another user of the module in this process may have logged in: that serves, and is not ours to end.
        if (token->logged_in || rv == CKR_USER_ALREADY_LOGGED_IN)
            return true;
        sent.times++;
        sent.unknown += outcome == PIN_UNKNOWN;
        if (!may_send_again(token, writable, rv, &sent))
            return login_failed(err, token, rv);
    }
}

// Trying again belongs to the turn: a token that is read while others log in is read by half again.
static bool try_pin_in_turn(struct token *token, bool writable, struct ssa_error *err)
{
    const struct pin_giver *giver = &token->giver;
    if (token->info.recipe->rewritten_by == NULL)
        return try_pin(token, writable, err);
    if (!turn_take(&token->module.turns, TURN_LOGIN, err)) {
        giver->outcome(giver->context, &token->info, PIN_NOT_TRIED);
        return false;
    }
    const bool in = try_pin(token, writable, err);
    turn_leave(&token->module.turns, TURN_LOGIN);
    return in;
}

static bool login(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *err)
{
    const bool pad = token->info.pin_pad;
    token->giver = *giver;
    if (!pad && !secret_new(&token->pin, PIN_MAX, err))
        return false;
    if (!giver->give(giver->context, &token->info, pad ? NULL : &token->pin, err))
        return false;
    if (!pad && !right_length(token, &token->pin, err)) {
        giver->outcome(giver->context, &token->info, PIN_NOT_TRIED);
        return false;
    }
    return try_pin_in_turn(token, writable, err);
}

static bool check_writable(struct token *token, struct ssa_error *err)
{
    CK_SESSION_INFO info;
    const CK_RV rv = token->module.call->C_GetSessionInfo(token->session, &info);
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "the session cannot be looked at");
    if (info.state == CKS_RW_USER_FUNCTIONS || (!token->logged_in && info.state == CKS_RW_PUBLIC_SESSION))
        return true;
    return ckr_fail(err, SSA_TOKEN, CKR_SESSION_READ_ONLY, token,
                    "the token gives no session that can write");
}

static CK_RV open_with(struct token *token, CK_FLAGS flags)
{
    return token->module.call->C_OpenSession(token->slot, CKF_SERIAL_SESSION | flags, NULL, NULL,
                                             &token->session);
}

bool session_open(struct token *token, bool writable, struct ssa_error *err)
{
    if (token->session != CK_INVALID_HANDLE)
        return true;
    CK_RV rv = open_with(token, writable ? CKF_RW_SESSION : 0);
    // Network HSMs are known that have no sessions which only read, and say no more than this.
    if (!writable && rv == CKR_FUNCTION_FAILED)
        rv = open_with(token, CKF_RW_SESSION);
    if (rv == CKR_OK)
        return true;
    token->session = CK_INVALID_HANDLE;
    return ckr_fail(err, SSA_TOKEN, rv, token, "no session can be opened");
}

// A PIV card stays unlocked for everybody until somebody logs out. Failures here (the card is gone) change
// nothing any more.
void session_close(struct token *token)
{
    if (token->logged_in)
        (void)token->module.call->C_Logout(token->session);
    if (token->session != CK_INVALID_HANDLE)
        (void)token->module.call->C_CloseSession(token->session);
    token->session = CK_INVALID_HANDLE;
    token->logged_in = false;
    // Session objects end with it (PKCS#11 v2.40 section 2.4).
    token->transport = (struct transport){0};
}

bool session_renew(struct token *token, struct ssa_error *err)
{
    session_close(token);
    return session_open(token, true, err);
}

bool token_login(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *err)
{
    if (token->info.login_required && !may_try(token, err))
        return false;
    if (!session_open(token, writable, err) && (token_is_there(token) || !token_reopen(token, writable)))
        return false;
    if (token->info.login_required && !login(token, writable, giver, err))
        return false;
    return !writable || check_writable(token, err);
}

bool session_as(struct token *token, CK_USER_TYPE who, struct ssa_error *err)
{
    if (!token->info.login_required || (token->logged_in && token->who == who))
        return true;
    CK_FUNCTION_LIST *call = token->module.call;
    const struct secret *pin = who == CKU_SO ? &token->so_pin : &token->pin;
    // Two kinds of user at once there are none (PKCS#11 v2.40 section 2.4).
    if (token->logged_in)
        (void)call->C_Logout(token->session);
    if (who == CKU_USER)
        pin_pad_again(token);
    // A management key may want a finger, as a signature does.
    struct touch touch;
    touch_begin(&touch, token);
    const CK_RV rv = call->C_Login(token->session, who, pin->data, pin->len);
    touch_end(&touch);
    token->who = who;
    token->logged_in = pin_outcome_of(rv) == PIN_ACCEPTED;
    if (token->logged_in || (who == CKU_USER && rv == CKR_USER_ALREADY_LOGGED_IN))
        return true;
    const enum pin_outcome outcome = login_outcome(rv);
    if (who == CKU_USER && (outcome == PIN_REFUSED || outcome == PIN_UNKNOWN))
        token->giver.outcome(token->giver.context, &token->info, outcome);
    const char *name = who == CKU_SO ? token->info.recipe->so_pin_name : "PIN";
    if (outcome != PIN_REFUSED) {
        ckr_fail(err, SSA_TOKEN, rv, token, "the login with the %s fails", name);
        return who == CKU_USER && outcome == PIN_UNKNOWN
                   ? error_hint(err,
                                "Whether a PIN try was spent is not known: the next unattended one needs "
                                "--pin-retry.")
                   : false;
    }
    ckr_fail(err, SSA_PIN, rv, token, "the %s is refused", name);
    if (touch.told)
        return error_hint(err, TOUCH_HINT);
    return who == CKU_SO && token->info.recipe->so_pin_refused != NULL
               ? error_hint(err, "%s", token->info.recipe->so_pin_refused)
               : false;
}

// A user PIN that is tried as a card's management key costs a try of the user's: what cannot be one is not
// tried.
static bool right_form(const struct token *token, struct ssa_error *err)
{
    const struct recipe *recipe = token->info.recipe;
    size_t digits = 0;
    while (digits < token->so_pin.len && isxdigit(token->so_pin.data[digits]))
        digits++;
    if (recipe->so_pin_hex == 0 || (digits == recipe->so_pin_hex && digits == token->so_pin.len))
        return true;
    error_set(err, SSA_PIN, NULL, token->info.uri,
              "the %s is not of %zu hexadecimal digits; nothing was tried", recipe->so_pin_name,
              recipe->so_pin_hex);
    return error_hint(
        err,
        "It is not the PIN. A new card's is known to its manual; it is changed with the card's own tool.");
}

bool token_login_officer(struct token *token, const struct pin_giver *so, struct ssa_error *err)
{
    if (token->info.recipe->import_as != IMPORT_AS_SO)
        return true;
    return secret_new(&token->so_pin, PIN_MAX, err) &&
           so->give(so->context, &token->info, &token->so_pin, err) && right_form(token, err) &&
           session_as(token, CKU_SO, err);
}
