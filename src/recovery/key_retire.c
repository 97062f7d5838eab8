#include "recovery/key_retire.h"
#include "recovery/opened.h"

#include "core/callback.h"
#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/key/locate.h"
#include "ownership/uses.h"
#include "recovery/opened.h"
#include "signer/open_token.h"

// A key that a profile of ours names is one that somebody still fetches tokens with.
static bool check_unused(const struct ssa_run *run, const struct entry *e, struct ssa_error *err)
{
    // The environment's block is the old one by nature, where there was no profile.
    const struct use use = {.run = run, .entry = e, .id = e->old_kid, .thing = "old key"};
    return uses_none(&use, err) || error_reason(err, SSA_REASON_OLD_KEY_IN_USE, NULL);
}

static bool retire_at_api(struct oauth_client *client, const struct entry *e, struct ssa_error *err)
{
    enum oauth_outcome outcome;
    // Disabled first, as whoever still uses it then learns from the API's own words; that it is so already is
    // refused, and no reason to keep it.
    if (!aps_key_set_status(client, e->account, e->old_kid, APS_DISABLED, &outcome, err) && err->code != SSA_REFUSED)
        return false;
    return aps_key_delete(client, e->account, e->old_kid, err) || aps_is_gone(err);
}

// *found: whether the key was there.
static bool destroy_on(struct open_token *to, const struct ssa_run *run, const struct uri *uri, const struct entry *e,
                       bool *found, struct ssa_error *err)
{
    struct key key;
    struct key_name name = {.kid = e->old_kid, .label = ""};
    enum located located;
    if (!key_locate(to->token, uri, e->old_kid, &key, &name.slot, &located, err))
        return false;
    *found = located == LOCATED;
    if (*found)
        return open_token_officer(to, run, err) && destroy_key(to->token, &name, &key, err);
    if (located != LOCATED_NOTHING && name.slot == 0)
        tell(&run->callbacks, SSA_NOTICE, "token \"%s\" holds something else, too, under the old key's id: it is left",
             token_info(to->token)->label);
    else if (located != LOCATED_NOTHING)
        tell(&run->callbacks, SSA_NOTICE, "slot %s of token \"%s\" does not hold the old key any more: it is left",
             slot_name(name.slot), token_info(to->token)->label);
    return true;
}

static bool retire_on_token(const struct ssa_run *run, const struct entry *e, struct open_token *opened, bool *found,
                            struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    if (!uri_parse(e->old_key_uri, &uri, err))
        return false;
    struct open_token other = {0};
    struct open_token *to = NULL;
    const bool done =
        opened_or_again(run, opened, uri, e->old_key_uri, &other, &to, err) && destroy_on(to, run, uri, e, found, err);
    token_close(&other.token);
    uri_free(&other.uri);
    return done;
}

bool key_retire(const struct ssa_run *run, struct oauth_client *client, struct journal *j, struct open_token *opened,
                struct ssa_ending *ending, struct ssa_error *err)
{
    struct entry *e = j->entry;
    bool found = false;
    if (!check_unused(run, e, err)) {
        // It waits for somebody to say so again, and stands in nobody's way.
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
                          "The old key may be at the API still, and its PKCS#11 token holds it.");
    if (!retire_on_token(run, e, opened, &found, err))
        return ending_add(ending, SSA_END_LEFT, SSA_REASON_OLD_KEY_ON_TOKEN, e->old_kid, NULL,
                          "The old key is deleted at the API; its PKCS#11 token still holds what is of no use "
                          "any more.");
    tell(&run->callbacks, SSA_NOTICE,
         found ? "the old key %s is gone, at the API and on its token"
               : "the old key %s is gone at the API; its token does not hold it",
         e->old_kid);
    journal_close(j, OUTCOME_DONE);
    return true;
}
