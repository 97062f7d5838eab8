#include "hsm/login/login.h"

#include <ctype.h>

#include "core/monotonic.h"
#include "hsm/cryptoki/ckr.h"
#include "hsm/login/login_again.h"
#include "hsm/login/pin.h"
#include "hsm/login/ready.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"
#include "hsm/token/session.h"

enum { SENT_MAX = 3 };

// Whether another process may be writing the token's file: then logins fail in these ways.
static bool is_hidden(const struct token *token, CK_RV rv)
{
    return token->info.quirks->rewritten_by != NULL &&
           (rv == CKR_GENERAL_ERROR || rv == CKR_USER_PIN_NOT_INITIALIZED || rv == CKR_TOKEN_NOT_RECOGNIZED);
}

// Sends the PIN once, after the token was seen in its slot: a PIN that is sent to a token which is gone counts as a
// try. False, with err filled, where it was not sent.
static bool send_pin(struct token *token, bool writable, CK_RV *rv, struct ssa_error *err)
{
    const bool was_final = token->info.pin_final_try;
    if (!ready_make(token, writable))
        return pin_not_sent(err, token);
    if (token->info.pin_locked || (token->info.pin_final_try && !was_final))
        return pin_is_used_up(err, token);
    *rv = call_login(token->module.call, token->session, CKU_USER, token->pin.data, token->pin.len);
    return true;
}

// How often the PIN was sent, and how often it is unknown what became of it.
struct sent {
    unsigned times, unknown;
    long long until;
};

// A token that was lost is tried again at most once where it is unknown what became of the PIN. A token that other
// processes hide is tried again as long as there is patience.
static bool may_send_again(struct token *token, bool writable, CK_RV rv, const struct sent *sent)
{
    const struct pin_giver *giver = &token->giver;
    const bool hidden = is_hidden(token, rv) && monotonic_ms() < sent->until;
    const bool lost = token_is_lost(token, rv) && sent->times < SENT_MAX && sent->unknown <= 1;
    if (token->info.pin_pad || giver->again == NULL || (!hidden && !lost))
        return false;
    pause_ms(PATIENCE_STEP_MS);
    return token_reopen(token, writable) && giver->again(giver->context, &token->info);
}

// *last is what became of the last login.
static bool try_pin(struct token *token, bool writable, enum pin_outcome *last, struct ssa_error *err)
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
        const enum pin_outcome outcome = *last = pin_login_outcome(rv);
        giver->outcome(giver->context, &token->info, outcome);
        token->logged_in = outcome == PIN_ACCEPTED;
        // Other code of this process may have logged in: that is enough, and we do not end it.
        if (token->logged_in || rv == CKR_USER_ALREADY_LOGGED_IN)
            return true;
        sent.times++;
        sent.unknown += outcome == PIN_UNKNOWN;
        if (!may_send_again(token, writable, rv, &sent))
            return pin_login_failed(err, token, rv);
    }
}

// The turn ends after the last try, since a token that is read while another process logs in looks incomplete.
static bool try_pin_in_turn(struct token *token, bool writable, enum pin_outcome *last, struct ssa_error *err)
{
    const struct pin_giver *giver = &token->giver;
    if (token->info.quirks->rewritten_by == NULL)
        return try_pin(token, writable, last, err);
    if (!turn_take(&token->module.turns, TURN_LOGIN, err)) {
        giver->outcome(giver->context, &token->info, PIN_NOT_TRIED);
        return false;
    }
    const bool in = try_pin(token, writable, last, err);
    turn_leave(&token->module.turns, TURN_LOGIN);
    return in;
}

static bool login_once(struct token *token, bool writable, const struct pin_giver *giver, enum pin_outcome *last,
                       struct ssa_error *err)
{
    const bool pad = token->info.pin_pad;
    *last = PIN_NOT_TRIED;
    if (!giver->give(giver->context, &token->info, pad ? NULL : &token->pin, err))
        return false;
    if (!pad && !pin_has_right_length(token, &token->pin, err)) {
        giver->outcome(giver->context, &token->info, PIN_NOT_TRIED);
        return false;
    }
    return try_pin_in_turn(token, writable, last, err);
}

// After a PIN that was refused, whoever typed it may type another one, as long as the token is there.
static bool may_retype(struct token *token, enum pin_outcome last)
{
    const struct pin_giver *giver = &token->giver;
    return last == PIN_REFUSED && giver->retype != NULL && token_is_there(token) &&
           giver->retype(giver->context, &token->info);
}

static bool login(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *err)
{
    enum pin_outcome last;
    token->giver = *giver;
    if (!token->info.pin_pad && !secret_new(&token->pin, PIN_MAX, err))
        return false;
    while (!login_once(token, writable, giver, &last, err)) {
        if (!may_retype(token, last))
            return false;
        secret_clear(&token->pin);
    }
    return true;
}

static bool check_writable(struct token *token, struct ssa_error *err)
{
    CK_SESSION_INFO info;
    const CK_RV rv = call_get_session_info(token->module.call, token->session, &info);
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "the session cannot be looked at");
    if (info.state == CKS_RW_USER_FUNCTIONS || (!token->logged_in && info.state == CKS_RW_PUBLIC_SESSION))
        return true;
    return token_fail(err, SSA_TOKEN, CKR_SESSION_READ_ONLY, token, "the token gives no session that can write");
}

bool login_user(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *err)
{
    if (token->info.login_required && !pin_may_be_tried(token, err))
        return false;
    if (!session_open(token, writable, err) && (token_is_there(token) || !token_reopen(token, writable)))
        return false;
    if (token->info.login_required && !login(token, writable, giver, err))
        return false;
    return !writable || check_writable(token, err);
}

// A text that cannot be the card's management key is not tried: a user PIN that is tried as one costs a try of the
// user's.
static bool right_form(const struct token *token, struct ssa_error *err)
{
    const struct quirks *quirks = token->info.quirks;
    size_t digits = 0;
    while (digits < token->so_pin.len && isxdigit(token->so_pin.data[digits]))
        digits++;
    if (quirks->so_pin_hex == 0 || (digits == quirks->so_pin_hex && digits == token->so_pin.len))
        return true;
    error_set(err, SSA_PIN, NULL, token->info.uri, "the %s does not have %zu hexadecimal digits; nothing was tried",
              quirks->so_pin_name, quirks->so_pin_hex);
    return error_hint(err,
                      "It is not the PIN. The manual tells that of a new card, and the card's own tool changes it.");
}

bool login_officer(struct token *token, const struct pin_giver *so, struct ssa_error *err)
{
    if (token->info.quirks->import_as != IMPORT_AS_SO)
        return true;
    return secret_new(&token->so_pin, PIN_MAX, err) && so->give(so->context, &token->info, &token->so_pin, err) &&
           right_form(token, err) && login_as(token, CKU_SO, err);
}

bool login_stands(struct token *token)
{
    CK_SESSION_INFO info;
    if (!token_is_there(token) || call_get_session_info(token->module.call, token->session, &info) != CKR_OK)
        return false;
    return !token->info.login_required || info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

void login_forget_pin(struct token *token)
{
    secret_free(&token->pin);
}

struct secret login_take_pin(struct token *token)
{
    const struct secret pin = token->pin;
    token->pin = (struct secret){0};
    return pin;
}

void login_return_pin(struct token *token, struct secret *pin)
{
    secret_free(&token->pin);
    token->pin = *pin;
    *pin = (struct secret){0};
}

bool login_ends_often(const struct token *token)
{
    return token->info.quirks->resets_card;
}

bool login_renew(struct token *token, const struct pin_giver *giver, struct ssa_error *err)
{
    login_forget_pin(token);
    if (token_reopen(token, false))
        return login_user(token, false, giver, err);
    return token_fail(err, SSA_ABSENT, token_gone(token), token, "the token is not there any more");
}

bool login_says_refused(const struct ssa_error *err)
{
    const CK_RV rv = ckr_of_error(err);
    return err->code == SSA_PIN && rv != CKR_OK && (pin_login_outcome(rv) == PIN_REFUSED || rv == CKR_PIN_EXPIRED);
}

bool login_says_unanswered(const struct ssa_error *err)
{
    return err->reason == SSA_REASON_KEY_LOGIN && pin_outcome_of(ckr_of_error(err)) == PIN_UNKNOWN;
}

bool login_is_possible(const struct token *token, struct ssa_error *err)
{
    return pin_may_be_tried(token, err);
}

bool login_says_locked(const struct ssa_error *err)
{
    return ckr_of_error(err) == CKR_PIN_LOCKED;
}

bool login_says_no_pin(const struct ssa_error *err)
{
    return ckr_of_error(err) == CKR_USER_PIN_NOT_INITIALIZED;
}

const char *login_so_pin_name(const struct token *token, const char **factory)
{
    *factory = token->info.quirks->so_pin_factory;
    return token->info.quirks->import_as == IMPORT_AS_SO ? token->info.quirks->so_pin_name : NULL;
}
