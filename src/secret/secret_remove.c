// secret remove: destroys the client secret on a PKCS#11 token.
#include "core/callback.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "secret/secret_operation.h"
#include "signer/client_secret.h"

static bool confirmed(const struct secret_object *at, struct ssa_error *err)
{
    const struct token_info *token = token_info(at->to.token);
    if (callback_confirms(&at->run->callbacks, "Destroy the client secret \"%s\" on token \"%s\"?", at->label,
                          token->label))
        return true;
    return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, token->uri,
                         "the client secret is not removed: you did not confirm");
}

// Finds the data object that the setting names, and its token. Does not log in.
static bool find_named(struct secret_object *at, struct ssa_error *err)
{
    const char *setting = setting_name(SET_CLIENT_SECRET);
    if (!client_secret_is_on_token(at->run->settings))
        return error_because(err, SSA_CONFIG, SSA_REASON_SECRET_NOT_ON_TOKEN, setting,
                             "does not name a data object on a PKCS#11 token");
    const char *named = settings_get(at->run->settings, SET_CLIENT_SECRET, NULL);
    if (!uri_parse(named, &at->object, err) || !data_check_uri(at->object, setting, err))
        return false;
    data_label(at->object, at->label);
    if (!text_format(at->uri, sizeof at->uri, "%s", named))
        return error_set(err, SSA_CONFIG, NULL, setting, "is too long");
    return open_token_of_secret(at->run, at->object, OTHER_TOKEN_NONE, &at->to, err);
}

static OWN_FRAME bool destroy(const struct secret_object *at, struct ssa_error *err)
{
    struct data_marks it = {.count = 1};
    JOURNAL_AUTO j = {.fd = -1};
    if (!secret_begin(&j, OP_SECRET_REMOVE, at, err))
        return false;
    if (!data_look_at_one(at->to.token, at->object, it.list[0], err))
        return false;
    if (data_owner(it.list[0]) == DATA_ANOTHERS) {
        error_set(err, SSA_CONFIG, NULL, token_info(at->to.token)->uri,
                  "the data object \"%s\" is of another application (%s)", at->label, it.list[0]);
        return error_hint(err, "It was not changed. That application, or `pkcs11-tool`, can remove it.");
    }
    if (!secret_ask(&j, &it, err))
        return false;
    const enum data_end end = data_destroy(at->to.token, at->object, &it, err);
    if (end == DATA_GONE)
        return secret_done(&j);
    return end == DATA_UNKNOWN ? secret_left(at, end, "The client secret") : secret_failed(&j, err);
}

static OWN_FRAME bool holds_none(const struct secret_object *at)
{
    struct data_marks there;
    return data_look(at->to.token, at->object, &there, ERROR_IGNORED) && there.count == 0;
}

bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_ending *ending, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    bool removed = false;
    const char *client_id = NULL;
    SECRET_OBJECT_AUTO at = {.run = run, .ending = ending};
    // Recovery finds entries by the client id.
    if (!client_id_read(run, &client_id, err))
        return false;
    if (!find_named(&at, err))
        return false;
    if (!yes && !confirmed(&at, err))
        return false;
    if (!secret_open(&at, &removed, err))
        return false;
    // An earlier, interrupted removal may have removed the secret already.
    if (!(removed && holds_none(&at)) && !destroy(&at, err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the client secret \"%s\" is gone from token \"%s\"", at.label,
         token_info(at.to.token)->label);
    return true;
}
