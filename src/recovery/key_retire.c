#include "recovery/key_retire.h"

#include "core/callback.h"
#include "hsm/import/destroy.h"
#include "hsm/key/locate.h"
#include "ownership/ownership.h"
#include "recovery/recovery.h"

// Somebody still fetches access tokens with a key that a profile names.
static bool check_unused(const struct ssa_run *run, const struct entry *e, struct ssa_error *err)
{
    // The environment does not count: where there was no profile, it still has the old block.
    const struct use use = {.run = run, .entry = e, .id = e->old_kid, .thing = "old key"};
    return uses_none(&use, err) || error_reason(err, SSA_REASON_OLD_KEY_IN_USE, NULL);
}

static bool retire_at_api(struct oauth_client *client, const struct entry *e, struct ssa_error *err)
{
    enum oauth_outcome outcome;
    // It is disabled first: then the API tells a program that still uses it what is wrong. The API refuses to disable a
    // disabled key, which is no reason to keep it.
    if (!aps_key_set_status(client, e->account, e->old_kid, APS_DISABLED, &outcome, err) && err->code != SSA_REFUSED)
        return false;
    return aps_key_delete(client, e->account, e->old_kid, err) || aps_is_gone(err);
}

// It looks twice, unless the key is there: a module may once find nothing, or something else, without an error.
static bool locate_old(struct token *token, const struct uri *uri, const struct entry *e, struct key *key,
                       uint8_t *slot, enum located *located, struct ssa_error *err)
{
    *located = LOCATED_NOTHING;
    for (unsigned look = 0; look < 2 && *located != LOCATED; look++)
        if (!key_locate(token, uri, e->old_kid, key, slot, located, err))
            return false;
    return true;
}

// *found: whether the key was there.
static bool destroy_on(struct open_token *to, const struct ssa_run *run, const struct uri *uri, const struct entry *e,
                       bool *found, struct ssa_error *err)
{
    struct key key;
    struct key_name name = {.kid = e->old_kid, .label = ""};
    enum located located;
    if (!locate_old(to->token, uri, e, &key, &name.slot, &located, err))
        return false;
    *found = located == LOCATED;
    if (*found)
        return open_token_officer(to, run, err) && destroy_key(to->token, &name, &key, err);
    if (located != LOCATED_NOTHING && name.slot == 0)
        tell(&run->callbacks, SSA_NOTICE,
             "token \"%s\" holds something else with the old key's id, which was not changed",
             token_info(to->token)->label);
    else if (located != LOCATED_NOTHING)
        tell(&run->callbacks, SSA_NOTICE,
             "slot %s of token \"%s\" does not hold the old key any more, and was not changed", slot_name(name.slot),
             token_info(to->token)->label);
    return true;
}

static bool retire_on_token(const struct ssa_run *run, const struct entry *e, struct open_token *opened, bool *found,
                            struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    OPEN_TOKEN_AUTO other = {0};
    struct open_token *to = NULL;
    return uri_parse(e->old_key_uri, &uri, err) && opened_or_again(run, opened, e->old_key_uri, &other, &to, err) &&
           destroy_on(to, run, uri, e, found, err);
}

bool key_retire(const struct ssa_run *run, struct oauth_client *client, struct journal *j, struct open_token *opened,
                struct ssa_ending *ending, struct ssa_error *err)
{
    struct entry *e = j->entry;
    bool found = false;
    if (!check_unused(run, e, err)) {
        // It waits until a person ends it, and does not block other operations.
        struct ssa_error unwritten = {0};
        e->retires_at_once = false;
        if (!journal_step(j, STEP_SWITCHED, &unwritten))
            tell(&run->callbacks, SSA_WARNING, "%s: %s", unwritten.subject, unwritten.what);
        return false;
    }
    if (!journal_step(j, STEP_RETIRING, err))
        return false;
    if (!retire_at_api(client, e, err))
        return ending_add(ending, SSA_END_LEFT, SSA_REASON_OLD_KEY_AT_API, e->old_kid, NULL,
                          "The old key may still be at the API, and its PKCS#11 token still holds it.");
    if (!retire_on_token(run, e, opened, &found, err))
        return ending_add(ending, SSA_END_LEFT, SSA_REASON_OLD_KEY_ON_TOKEN, e->old_kid, NULL,
                          "The old key was deleted at the API; its PKCS#11 token still holds it, but it is "
                          "useless now.");
    tell(&run->callbacks, SSA_NOTICE,
         found ? "the old key %s was deleted at the API and destroyed on its PKCS#11 token"
               : "the old key %s was deleted at the API; its PKCS#11 token does not hold it",
         e->old_kid);
    journal_close(j, OUTCOME_DONE);
    return true;
}
