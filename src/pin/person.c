#include "pin/person.h"

#include "core/callback.h"
#include "core/text.h"
#include "pin/attempts.h"
#include "pin/pinentry.h"
#include "pin/turn.h"

bool pin_refuse_last_try(enum ssa_class class, const struct token_info *info, struct ssa_error *err)
{
    if (info->pin_final_try)
        return error_set(err, class, "CKF_USER_PIN_FINAL_TRY", info->uri,
                         "the PIN was not tried: one more wrong PIN locks this token");
    return error_set(err, class, NULL, info->uri,
                     "the PIN was not tried: after the tries counted here, which were wrong or not answered, one "
                     "more wrong PIN locks this token");
}

static bool ask_by_pinentry(const struct ssa_run *run, const char *source, const struct token_info *info,
                            struct secret *pin, struct ssa_error *err)
{
    char description[SSA_ERROR_TEXT_MAX];
    const char *colon = strchr(source, ':');
    const char *warning = info->pin_count_low ? "\nA wrong PIN has been tried since the last right one." : "";
    if (!text_format(description, sizeof description, "Token \"%s\"\n%s, serial %s%s", info->label, info->model,
                     info->serial, warning))
        return error_set(err, SSA_UNEXPECTED, NULL, info->uri, "the question for the PIN is too long");
    return pinentry_ask(colon == NULL ? "pinentry" : colon + 1, description, "PIN:", &run->callbacks, pin, err);
}

static bool ask_at_terminal(const struct ssa_run *run, const struct token_info *info, struct secret *pin,
                            struct ssa_error *err)
{
    char text[SSA_ERROR_TEXT_MAX];
    if (run->callbacks.ask_secret == NULL)
        return error_because(err, SSA_PIN, SSA_REASON_NOBODY_FOR_PIN, info->uri, "there is nobody to ask for the PIN");
    if (!text_format(text, sizeof text, "PIN of token \"%s\" (%s%sserial %s): ", info->label, info->model,
                     info->model[0] != '\0' ? ", " : "", info->serial))
        return error_set(err, SSA_UNEXPECTED, NULL, info->uri, "the question for the PIN is too long");
    return callback_ask_secret(&run->callbacks, text, pin, err);
}

static bool warn(const struct ssa_run *run, const struct token_info *info, struct ssa_error *err)
{
    if (pin_is_last_try(info))
        return callback_confirms(&run->callbacks, "Token \"%s\": one more wrong PIN locks it. Try it?", info->label) ||
               pin_refuse_last_try(SSA_DECLINED, info, err);
    if (info->pin_count_low)
        tell(&run->callbacks, SSA_WARNING, "token \"%s\": a wrong PIN has been tried since the last right one",
             info->label);
    return true;
}

static bool ask(const struct ssa_run *run, const char *source, const struct token_info *info, struct secret *pin,
                struct ssa_error *err)
{
    if (pin == NULL) {
        tell(&run->callbacks, SSA_NOTICE, "type the PIN of token \"%s\" at its reader", info->label);
        return true;
    }
    return source == NULL ? ask_at_terminal(run, info, pin, err) : ask_by_pinentry(run, source, info, pin, err);
}

bool pin_ask_person(const struct ssa_run *run, const char *source, const struct token_info *info, struct secret *pin,
                    struct ssa_error *err)
{
    turns_pause();
    if (!warn(run, info, err) || !ask(run, source, info, pin, err))
        return false;
    return turns_resume(run, err);
}
