#include "hsm/login/login_again.h"

#include "hsm/login/login.h"
#include "hsm/login/pin.h"
#include "hsm/login/ready.h"
#include "hsm/login/touch.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"
#include "hsm/token/token.h"

bool login_as(struct token *token, CK_USER_TYPE who, struct ssa_error *err)
{
    if (!token->info.login_required || (token->logged_in && token->who == who))
        return true;
    struct remote *call = token->module.call;
    struct secret *pin = who == CKU_SO ? &token->so_pin : &token->pin;
    // User and security officer cannot be logged in at the same time (PKCS#11 v2.40 section 2.4).
    if (token->logged_in)
        (void)call_logout(call, token->session);
    // A PIN that is not kept cannot be sent again.
    if (!token->info.pin_pad && pin->len == 0)
        return token_fail(err, SSA_TOKEN, CKR_USER_NOT_LOGGED_IN, token, "the login is over");
    // Minutes may have passed since the token was looked at, and a new session is one with whatever is in the slot now.
    if (!token_is_there(token))
        return pin_not_sent(err, token);
    if (who == CKU_USER)
        pin_pad_again(token);
    // A login with the management key may want a touch, as a signature does.
    struct touch touch;
    touch_begin(&touch, token);
    const CK_RV rv = call_login(call, token->session, who, pin->data, pin->len);
    touch_end(&touch);
    token->who = who;
    token->logged_in = pin_outcome_of(rv) == PIN_ACCEPTED;
    if (token->logged_in || (who == CKU_USER && rv == CKR_USER_ALREADY_LOGGED_IN))
        return true;
    const enum pin_outcome outcome = pin_login_outcome(rv);
    if (who == CKU_USER && (outcome == PIN_REFUSED || outcome == PIN_UNKNOWN))
        token->giver.outcome(token->giver.context, &token->info, outcome);
    const char *name = who == CKU_SO ? token->info.quirks->so_pin_name : "PIN";
    if (outcome != PIN_REFUSED) {
        token_fail(err, SSA_TOKEN, rv, token, "the login with the %s fails", name);
        return who == CKU_USER && outcome == PIN_UNKNOWN ? error_reason(err, SSA_REASON_PIN_UNKNOWN, NULL) : false;
    }
    // An undoing that follows would send it once more.
    secret_free(pin);
    token_fail(err, SSA_PIN, rv, token, "the %s is refused", name);
    if (touch.told)
        return error_hint(err, TOUCH_HINT);
    return who == CKU_SO && token->info.quirks->so_pin_refused != NULL
               ? error_hint(err, "%s", token->info.quirks->so_pin_refused)
               : false;
}

bool login_may_be_reset(const struct token *token)
{
    return token->info.quirks->resets_card && token->logged_in && !token->info.pin_pad;
}

bool login_for_undoing(struct token *token, bool *fresh, struct ssa_error *err)
{
    remote_go_on(token->module.call);
    *fresh = token_is_over(token);
    return !*fresh || login_begin_anew(token, err);
}

bool login_begin_anew(struct token *token, struct ssa_error *err)
{
    if (!token_reopen(token, true) || !ready_make(token, true))
        return token_fail(err, SSA_TOKEN, token_gone(token), token, "the token is not there any more");
    return login_as(token, CKU_USER, err);
}
