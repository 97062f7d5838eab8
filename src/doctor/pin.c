// The PIN's state. It is tried only where the caller wants a login.
#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/login/login.h"
#include "pin/attempts.h"

static bool wants_login(const struct examination *x)
{
    return x->wanted->login || x->wanted->sign;
}

static void warn_of_last_try(struct examination *x, const struct token_info *info)
{
    struct ssa_error why = {0};
    error_set(&why, SSA_PIN, info->pin_final_try ? "CKF_USER_PIN_FINAL_TRY" : NULL, info->uri,
              "one more wrong PIN locks this token");
    error_reason(&why, SSA_REASON_PIN_COUNTED, NULL);
    finding_warning(&x->found, CHECK_PIN, &why);
}

static void warn_of_wrong_pins(struct examination *x, const struct token_info *info)
{
    struct ssa_error why = {0};
    const unsigned counted = pin_attempts_count(info);
    error_set(&why, SSA_PIN, info->pin_count_low ? "CKF_USER_PIN_COUNT_LOW" : NULL, info->uri,
              "a wrong PIN has been tried since the last right one");
    if (counted > 0 && info->pin_tries > 0)
        error_set(&why, SSA_PIN, NULL, info->uri, "%u of %u tries may have been wrong since the last right PIN",
                  counted, info->pin_tries);
    error_reason(&why, SSA_REASON_PIN_COUNTED, NULL);
    finding_warning(&x->found, CHECK_PIN, &why);
}

static void look(struct examination *x, const struct token_info *info)
{
    struct ssa_error why = {0};
    const bool attended = pin_attended(&x->at.pin, info);
    if (!login_is_possible(x->at.token, &why) || (!attended && !pin_would_be_tried(&x->at.pin, info, &why)))
        finding_failure(&x->found, CHECK_PIN, &why);
    else if (pin_is_last_try(info))
        warn_of_last_try(x, info);
    else if (info->pin_count_low || pin_attempts_count(info) > 0)
        warn_of_wrong_pins(x, info);
    else
        finding_ok(&x->found, CHECK_PIN, NULL, "no wrong try is known; it was not tried now");
}

static void log_in(struct examination *x)
{
    struct ssa_error why = {0};
    x->logged_in = open_token_login(&x->at, false, &why);
    if (x->logged_in && token_info(x->at.token)->login_required)
        finding_ok(&x->found, CHECK_PIN, NULL, "the token accepts it");
    else if (!x->logged_in)
        finding_failure(&x->found, CHECK_PIN, &why);
}

void check_pin(struct examination *x)
{
    if (!findings_passed(&x->found, CHECK_TOKEN)) {
        finding_skipped(&x->found, CHECK_PIN, CHECK_TOKEN);
        return;
    }
    struct ssa_error why = {0};
    if (!pin_policy_init(&x->at.pin, &x->run, x->at.uri, &why)) {
        finding_skipped(&x->found, CHECK_PIN, CHECK_PIN_SOURCE);
        return;
    }
    x->at.pin.tries = &x->tries;
    const struct token_info *info = token_info(x->at.token);
    if (!info->login_required)
        finding_ok(&x->found, CHECK_PIN, NULL, "this token needs none");
    if (wants_login(x) && findings_passed(&x->found, CHECK_PIN_SOURCE))
        log_in(x);
    else if (info->login_required)
        look(x, info);
}
