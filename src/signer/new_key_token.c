#include "signer/new_key_token.h"

#include "core/callback.h"
#include "core/text.h"
#include "hsm/import/import.h"

// A key is destroyed only if a person confirms it, or the caller has done so.
static bool may_replace(const struct ssa_run *run, const struct ssa_output *output, const struct open_token *at,
                        struct ssa_error *err)
{
    char question[SSA_ERROR_TEXT_MAX];
    if (!at->slot.used || output->yes)
        return true;
    if (text_format(question, sizeof question, "Destroy the key in slot %s of token \"%s\"?", at->slot.name,
                    token_info(at->token)->label) &&
        callback_confirms(&run->callbacks, question))
        return true;
    error_set(err, SSA_CONFIG, NULL, token_info(at->token)->uri,
              "the key in slot %s was not replaced: you did not confirm", at->slot.name);
    return error_reason(err, SSA_REASON_KEY_NOT_CONFIRMED, NULL);
}

static bool choose_slot(const struct ssa_run *run, const struct ssa_output *output, struct open_token *at,
                        struct ssa_error *err)
{
    const struct token_info *info = token_info(at->token);
    if (output->replace_key && output->slot == NULL) {
        error_set(err, SSA_USAGE, NULL, NULL, "the slot of the key to be destroyed is not named");
        return error_reason(err, SSA_REASON_REPLACE_WHAT, NULL);
    }
    if (!slot_choose(at->token, output->slot, output->replace_key, &at->slot, err))
        return false;
    if (!may_replace(run, output, at, err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the key goes into slot %s of token \"%s\"", at->slot.name, info->label);
    return true;
}

static bool refuse_slot(const struct ssa_output *output, const struct open_token *at, struct ssa_error *err)
{
    if (output->slot == NULL && !output->replace_key)
        return true;
    error_set(err, SSA_USAGE, NULL, token_info(at->token)->uri, "this PKCS#11 token has no slots");
    return error_reason(err, SSA_REASON_NO_SLOTS, NULL);
}

bool open_token_for_key(const struct ssa_run *run, const struct ssa_output *output, struct open_token *at,
                        struct ssa_error *err)
{
    if (!open_token_of_settings(run, at, err))
        return false;
    if (!import_check_able(at->token, err))
        return false;
    const bool slots = slot_must_be_chosen(at->token);
    if (slots && !slot_survey(at->token, err))
        return false;
    if (!open_token_login(at, true, err))
        return false;
    // Keys are private objects: only after the login the token shows which slots have one.
    if (slots ? !choose_slot(run, output, at, err) : !refuse_slot(output, at, err))
        return false;
    return open_token_officer(at, run, err);
}
