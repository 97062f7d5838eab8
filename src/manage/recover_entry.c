// One operation that did not come to its end: what it may have made is looked for on both sides. A whole pair
// gets its profile; anything else is undone, and nothing is touched that it cannot be shown to have made.
#include "manage/recover_entry.h"

#include "core/tell.h"
#include "core/text.h"
#include "hsm/import/throwaway.h"
#include "journal/profile_draft.h"
#include "manage/key_retire.h"
#include "manage/ownership.h"
#include "manage/profile_files.h"
#include "manage/recover_key.h"
#include "manage/undo.h"
#include "secret/secret_recover.h"

// The account was asked for, and its id is not known.
static bool settle_account_asked(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct made made = {.entry = j->entry, .asked = j->entry->asked};
    struct ssa_ending ending = {0};
    error_set(err, SSA_NETWORK, NULL, NULL, "it did not come to its end");
    undo_lost_account(r->client, r->run, j->entry->name, &made, &ending, err);
    // A name is given once: with somebody else's there, this operation has made none.
    if (made.not_ours || ending.how != SSA_END_LEFT)
        return recovery_close(r->run, j, OUTCOME_UNDONE, ending.lines[0].text);
    error_set(err, SSA_NETWORK, NULL, NULL, "it did not come to its end: %s", ending.lines[0].text);
    return false;
}

// The account that the operation made goes as a whole, where it is that one and another has put nothing
// there.
static bool drop_account(struct recovery *r, struct journal *j, const struct aps_keys *keys,
                         struct ssa_error *err)
{
    struct entry *e = j->entry;
    struct ssa_error why = {0};
    bool gone = false;
    if (keys->count > 0) {
        char line[PATH_TEXT_MAX];
        (void)text_format(
            line, sizeof line,
            "the account has a key that this did not make (%s), so somebody uses it: it is left",
            keys->list[0].kid);
        return recovery_close(r->run, j, OUTCOME_LEFT, line);
    }
    const bool may = account_may_go(r->run, r->client, e, e->account, &gone, &why);
    if (!may && why.reason == SSA_REASON_ANOTHERS)
        return recovery_close(r->run, j, OUTCOME_LEFT, why.what);
    if (!may && err != NULL)
        *err = why;
    return may && (gone || aps_account_delete(r->client, e->account, err) || aps_is_gone(err)) &&
           recovery_close(r->run, j, OUTCOME_UNDONE, "the account that had been made is deleted again");
}

// Takes the key from the list, as the API did from the account.
static void forget_key(struct aps_keys *keys, const char *kid)
{
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].kid, kid) != 0)
            keys->list[kept++] = keys->list[i];
    keys->count = kept;
}

static bool drop_key(struct recovery *r, struct journal *j, struct aps_keys *fresh, const char *kid,
                     struct ssa_error *err)
{
    char line[PATH_TEXT_MAX];
    if (!may_go(r->run, j->entry, kid, NULL, err) ||
        (!aps_key_delete(r->client, j->entry->account, kid, err) && !aps_is_gone(err)))
        return false;
    forget_key(fresh, kid);
    (void)text_format(line, sizeof line, "the key %s, whose private half nobody has, is deleted at the API",
                      kid);
    recovery_note(r->run, j, line);
    return true;
}

static bool choose_key(struct recovery *r, const struct entry *e, const struct aps_keys *fresh,
                       const struct aps_key **chosen, struct ssa_error *err)
{
    char question[SSA_ERROR_TEXT_MAX / 2], list[SSA_ERROR_TEXT_MAX / 2] = "";
    size_t candidates = 0;
    const struct aps_key *candidate = NULL;
    *chosen = NULL;
    for (size_t i = 0; i < fresh->count; i++) {
        const struct aps_key *key = &fresh->list[i];
        const size_t used = strlen(list);
        if (strcmp(r->key_id != NULL ? r->key_id : e->kid, key->kid) == 0)
            *chosen = key;
        if (!made_within(&e->asked, key))
            continue;
        candidates++;
        candidate = key;
        (void)text_format(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", key->kid);
    }
    // One whose id the answer told is not to be taken for another, which came in the same seconds.
    if (*chosen != NULL || candidates == 0 || (r->key_id == NULL && e->kid[0] != '\0'))
        return true;
    if (candidates == 1) {
        *chosen = candidate;
        return true;
    }
    for (size_t i = 0; i < fresh->count; i++) {
        (void)text_format(
            question, sizeof question,
            "Which key was lost cannot be told: %s. Delete %s, whose private half then nobody must have?",
            list, fresh->list[i].kid);
        if (confirms(&r->run->callbacks, question)) {
            *chosen = &fresh->list[i];
            return true;
        }
    }
    error_set(
        err, SSA_CONFIG, NULL, e->account,
        "%zu keys were made in the seconds in which it asked for one: %s; which one is lost cannot be told",
        candidates, list);
    return error_hint(err,
                      "`ssa-hsm key recover --key KEY_ID` deletes that one; `--forget` leaves them all.");
}

// A key was asked for; its id is known where the answer came.
static bool settle_key_asked(struct recovery *r, struct journal *j, struct aps_keys *fresh,
                             struct ssa_error *err)
{
    const struct aps_key *chosen = NULL;
    if (!choose_key(r, j->entry, fresh, &chosen, err))
        return false;
    if (chosen != NULL) {
        char kid[APS_ID_MAX];
        memcpy(kid, chosen->kid, sizeof kid);
        memcpy(j->entry->kid, kid, sizeof kid);
        if (!drop_key(r, j, fresh, kid, err))
            return false;
    }
    if (j->entry->operation == OP_ACCOUNT_CREATE)
        return drop_account(r, j, fresh, err);
    return recovery_close(r->run, j, OUTCOME_UNDONE,
                          chosen != NULL ? "it is undone"
                                         : "no key of its making is there: the account is as it was");
}

// What the token has of the key goes, then what the API has.
static bool undo_pair(struct recovery *r, struct journal *j, struct pair *pair, struct aps_keys *fresh,
                      struct ssa_error *err)
{
    struct entry *e = j->entry;
    const bool imported_only = e->operation == OP_KEY_IMPORT;
    const struct key *found = pair->located == LOCATED_NOTHING ? NULL : &pair->key;
    if (!pair_confirm(pair, err) || !may_go(r->run, e, e->kid, found, err) || !pair_destroy(pair, err) ||
        !pair_sweep(pair, err))
        return false;
    if (!imported_only && keys_have(fresh, e->kid) && !drop_key(r, j, fresh, e->kid, err))
        return false;
    if (e->operation == OP_ACCOUNT_CREATE)
        return drop_account(r, j, fresh, err);
    return recovery_close(r->run, j, OUTCOME_UNDONE,
                          imported_only ? "the token is as it was; the file still has the key"
                                        : "it is undone on both sides");
}

// Its key is on both sides, and proved: it gets its profile, unless it has that already.
static bool finish_pair(struct recovery *r, struct journal *j, struct pair *pair, struct ssa_error *err)
{
    struct entry *e = j->entry;
    char line[2 * PATH_TEXT_MAX + 128], where[PATH_TEXT_MAX];
    bool beside = false;
    if (!pair_profile(r, j, where, &beside, err) || !pair_sweep(pair, err))
        return false;
    (void)text_format(line, sizeof line, "key %s is whole on both sides; its profile is %s%s%s", e->kid,
                      where, beside ? ", since something else has taken the place of " : "",
                      beside ? e->profile : "");
    // Beside a profile that somebody wrote meanwhile nobody has switched to the new key.
    if (e->operation != OP_KEY_ROTATE || beside)
        return recovery_close(r->run, j, OUTCOME_DONE, line);
    recovery_note(r->run, j, line);
    r->switched = true;
    return journal_step(j, STEP_SWITCHED, err) &&
           (!e->retires_at_once || retire(r->run, r->client, j, pair->to, &r->ending, err));
}

// The API has made the key: that it has it no more is not believed on one list.
static bool confirm_missing(struct recovery *r, const struct entry *e, struct ssa_error *err)
{
    struct aps_keys again;
    if (!keys_since(r->client, r->run, e->account, &e->before, &again, err))
        return aps_is_gone(err);
    return !keys_have(&again, e->kid) || error_set(err, SSA_NETWORK, NULL, e->account,
                                                   "the API lists the key %s once, and once not", e->kid);
}

static bool settle_pair(struct recovery *r, struct journal *j, struct aps_keys *fresh, struct ssa_error *err)
{
    const struct entry *e = j->entry;
    __attribute__((cleanup(pair_end))) struct pair pair = {0};
    if (!pair_open(&pair, r, e, err))
        return false;
    const bool at_api = e->operation == OP_KEY_IMPORT || keys_have(fresh, e->kid);
    if (!at_api && !confirm_missing(r, e, err))
        return false;
    bool whole = at_api && e->profile[0] != '\0';
    if (whole && !pair_prove(&pair, r, e, &whole, err))
        return false;
    return whole ? finish_pair(r, j, &pair, err) : undo_pair(r, j, &pair, fresh, err);
}

// The account's keys that were not there before; none where the account is gone.
static bool list_fresh(struct recovery *r, const struct entry *e, struct aps_keys *fresh, bool *gone,
                       struct ssa_error *err)
{
    *gone = false;
    *fresh = (struct aps_keys){0};
    if (e->operation == OP_KEY_IMPORT)
        return true;
    if (keys_since(r->client, r->run, e->account, &e->before, fresh, err))
        return true;
    *gone = aps_is_gone(err);
    return *gone;
}

// An account without a key that has its profile is all that was wanted.
static bool has_its_profile(const struct entry *e)
{
    struct profile_said said;
    bool there = false;
    return e->operation == OP_ACCOUNT_CREATE && e->step == STEP_ACCOUNT_MADE && e->profile[0] != '\0' &&
           profile_read_said(e->profile, &said, &there, NULL) && there &&
           strcmp(said.account, e->account) == 0;
}

static bool settle_keys(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct aps_keys fresh;
    bool gone = false;
    if (!list_fresh(r, j->entry, &fresh, &gone, err))
        return false;
    if (j->entry->step >= STEP_KEY_MADE)
        return settle_pair(r, j, &fresh, err);
    if (!gone && has_its_profile(j->entry))
        return recovery_close(r->run, j, OUTCOME_DONE, "the account is made, and has its profile");
    if (gone)
        return recovery_close(r->run, j, OUTCOME_UNDONE, "the account is gone, and so is what it held");
    return settle_key_asked(r, j, &fresh, err);
}

static bool destroy_throwaway(struct recovery *r, struct journal *j, struct open_token *own,
                              size_t *destroyed, struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    struct open_token *to = recovery_opened(r);
    if (!uri_parse(j->entry->token, &uri, err))
        return false;
    if (to == NULL || !token_matches(to->token, uri)) {
        to = own;
        if (!open_token_again(r->run, j->entry->token, own, err))
            return false;
    }
    return token_destroy_throwaway(to->token, j->entry->throwaway, destroyed, err);
}

// Nothing was asked of the API; something throwaway may be on the token.
static bool settle_rehearsal(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct open_token own = {0};
    size_t destroyed = 0;
    const bool done = destroy_throwaway(r, j, &own, &destroyed, err);
    token_close(&own.token);
    uri_free(&own.uri);
    return done &&
           recovery_close(r->run, j, destroyed > 0 ? OUTCOME_UNDONE : OUTCOME_FAILED,
                          destroyed > 0 ? "what its rehearsal had left on the PKCS#11 token is destroyed"
                                        : "its rehearsal has left nothing on the PKCS#11 token");
}

bool settle(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct entry *e = j->entry;
    if (!draft_remove(e, err))
        return false;
    if (entry_is_about_secret(e))
        return secret_recover(r->run, j, recovery_opened(r), err);
    if (e->step == STEP_REHEARSING)
        return settle_rehearsal(r, j, err);
    if (e->step == STEP_ASKED)
        return recovery_close(r->run, j, OUTCOME_UNKNOWN,
                              "whether it was carried out was not heard: `ssa-hsm key list` shows it");
    if (e->operation != OP_KEY_IMPORT && !recovery_client(r, err))
        return false;
    if (e->step >= STEP_SWITCHED) {
        r->switched = true;
        return retire(r->run, r->client, j, recovery_opened(r), &r->ending, err);
    }
    if (e->step == STEP_ACCOUNT_ASKED)
        return settle_account_asked(r, j, err);
    return settle_keys(r, j, err);
}
