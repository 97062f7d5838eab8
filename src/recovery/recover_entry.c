// One operation that did not come to its end: what it may have made is looked for on both sides. A whole pair
// of an operation whose process is gone gets its profile; anything else is undone. Nothing is touched that
// the operation cannot be shown to have made.
#include "recovery/recover_entry.h"

#include "core/text.h"
#include "hsm/import/throwaway.h"
#include "journal/profile_draft.h"
#include "ownership/believed_list.h"
#include "ownership/ownership.h"
#include "ownership/profile_files.h"
#include "recovery/key_retire.h"
#include "recovery/recover_account.h"
#include "recovery/recover_api_key.h"
#include "recovery/recover_pair.h"
#include "recovery/recover_profile.h"
#include "secret/secret_recover.h"

static bool settle_key_asked(struct recovery *r, struct journal *j, const struct aps_keys *fresh,
                             struct ssa_error *err);

// The answer had told the id of a key that there is not: which one was made is looked for.
static bool search_key(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct aps_keys fresh;
    bool gone = false;
    j->entry->kid[0] = '\0';
    if (!api_key_list_fresh(r, j->entry, &fresh, &gone, err))
        return false;
    if (gone)
        return recovery_close(r, j, OUTCOME_UNDONE, "the account is gone, and so is what it held");
    return settle_key_asked(r, j, &fresh, err);
}

// The key of an older account.
static bool undo_key(struct recovery *r, struct journal *j, const char *line, struct ssa_error *err)
{
    bool unknown = false;
    if (!api_key_drop(r, j, &unknown, err))
        return false;
    return unknown ? search_key(r, j, err) : recovery_close(r, j, OUTCOME_UNDONE, line);
}

// A key was asked for; its id is known where the answer came.
static bool settle_key_asked(struct recovery *r, struct journal *j, const struct aps_keys *fresh, struct ssa_error *err)
{
    bool found = false;
    if (!api_key_choose(r, j->entry, fresh, &found, err))
        return false;
    if (j->entry->operation == OP_ACCOUNT_CREATE)
        return account_undo(r, j, fresh, err);
    if (found)
        return undo_key(r, j, "it is undone", err);
    return recovery_close(r, j, r->known != NULL && r->known->refused ? OUTCOME_FAILED : OUTCOME_UNDONE,
                          "no key was made: the account has the keys that it had before");
}

// What the token has of the key goes, then what the API has. Where the token fails, the API's half goes all
// the same: without it the other is of no use, and the entry stays open for the rest.
static bool undo_pair(struct recovery *r, struct journal *j, struct pair *pair, const struct aps_keys *fresh,
                      struct ssa_error *err)
{
    struct entry *e = j->entry;
    struct ssa_error why = {0};
    if (!pair_may_go(pair, r, err))
        return false;
    r->stays_open = !pair_destroy(pair, r, &why) || !pair_sweep(pair, r, &why);
    bool undone = false;
    if (e->operation == OP_KEY_IMPORT)
        // In its own process a key that was not proved has not come in.
        undone = recovery_close(r, j, r->known != NULL && e->step < STEP_IMPORTED ? OUTCOME_FAILED : OUTCOME_UNDONE,
                                "the PKCS#11 token is as it was; the file still has the key");
    else if (e->operation == OP_ACCOUNT_CREATE)
        undone = account_undo(r, j, fresh, err);
    else if (aps_key_in(fresh, e->kid) != NULL)
        undone = undo_key(r, j, "it is undone on both sides", err);
    else
        undone = recovery_close(r, j, OUTCOME_UNDONE, "it is undone on both sides");
    if (r->stays_open)
        *err = why;
    return undone;
}

// Its key is on both sides, and proved: it gets its profile, unless it has that already.
static bool finish_pair(struct recovery *r, struct journal *j, struct pair *pair, struct ssa_error *err)
{
    struct entry *e = j->entry;
    char line[2 * PATH_TEXT_MAX + 256], where[PATH_TEXT_MAX];
    bool beside = false;
    if (!recover_profile(r, j, where, &beside, err) || !pair_sweep(pair, r, err))
        return false;
    if (!text_format(line, sizeof line, "key %s is whole on both sides; its profile is %s%s%s", e->kid, where,
                     beside ? ", since something else has taken the place of " : "", beside ? e->profile : ""))
        return error_set(err, SSA_UNEXPECTED, NULL, where, "the path is too long to be told");
    // Beside a profile that somebody wrote meanwhile nobody has switched to the new key.
    if (e->operation != OP_KEY_ROTATE || beside)
        return recovery_close(r, j, OUTCOME_DONE, line);
    recovery_note(r, j, SSA_REASON_NONE, line);
    r->switched = true;
    return journal_step(j, STEP_SWITCHED, err) &&
           (!e->retires_at_once || key_retire(r->open->run, r->open->client, j, pair->to, r->ending, err));
}

// Not inlined: its frame is large.
static __attribute__((noinline)) bool settle_pair(struct recovery *r, struct journal *j, struct aps_keys *fresh,
                                                  struct ssa_error *err)
{
    const struct entry *e = j->entry;
    __attribute__((cleanup(pair_end))) struct pair pair = {0};
    if (!pair_open(&pair, r, e, err))
        return false;
    if (r->known != NULL)
        return undo_pair(r, j, &pair, fresh, err);
    const bool at_api = e->operation == OP_KEY_IMPORT || aps_key_in(fresh, e->kid) != NULL;
    if (!at_api && !api_key_confirm_missing(r, e, err))
        return false;
    bool whole = at_api && e->profile[0] != '\0';
    if (whole && !pair_prove(&pair, r, e, &whole, err))
        return false;
    return whole ? finish_pair(r, j, &pair, err) : undo_pair(r, j, &pair, fresh, err);
}

// An account without a key that has its profile is all that was wanted. Not inlined: its frame is large.
static __attribute__((noinline)) bool has_its_profile(const struct entry *e)
{
    struct profile_said said;
    bool there = false;
    return e->operation == OP_ACCOUNT_CREATE && e->step == STEP_ACCOUNT_MADE && e->profile[0] != '\0' &&
           profile_read_said(e->profile, &said, &there, ERROR_IGNORED) && there &&
           strcmp(said.account, e->account) == 0;
}

static bool settle_keys(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct aps_keys fresh;
    bool gone = false;
    if (!api_key_list_fresh(r, j->entry, &fresh, &gone, err))
        return false;
    if (j->entry->step >= STEP_KEY_MADE)
        return settle_pair(r, j, &fresh, err);
    if (!gone && r->known == NULL && has_its_profile(j->entry))
        return recovery_close(r, j, OUTCOME_DONE, "the account is made, and has its profile");
    if (gone)
        return recovery_close(r, j, OUTCOME_UNDONE, "the account is gone, and so is what it held");
    return settle_key_asked(r, j, &fresh, err);
}

static bool destroy_throwaway(struct recovery *r, struct journal *j, struct open_token *own, size_t *destroyed,
                              struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    struct open_token *to = NULL;
    if (!uri_parse(j->entry->token, &uri, err))
        return false;
    if (!opened_or_again(r->open->run, opened_token(r->open), uri, j->entry->token, own, &to, err))
        return false;
    return throwaway_destroy(to->token, j->entry->throwaway, destroyed, err);
}

// Nothing was asked of the API; something throwaway may be on the token.
static bool settle_rehearsal(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct open_token own = {0};
    size_t destroyed = 0;
    const bool done = destroy_throwaway(r, j, &own, &destroyed, err);
    token_close(&own.token);
    uri_free(&own.uri);
    if (!done)
        return false;
    return destroyed > 0
               ? recovery_close(r, j, OUTCOME_UNDONE, "what its rehearsal had left on the PKCS#11 token is destroyed")
               : recovery_close(r, j, OUTCOME_FAILED, "its rehearsal has left nothing on the PKCS#11 token");
}

// Of one request.
static bool close_unknown(const struct recovery *r, struct journal *j)
{
    recovery_note(r, j, SSA_REASON_MAYBE_DONE, "its answer was not heard, so it may have been carried out");
    journal_close(j, OUTCOME_UNKNOWN);
    return true;
}

bool recover_entry(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct entry *e = j->entry;
    // The own process has given up its draft already.
    if (r->known == NULL && !profile_draft_remove(e, err))
        return false;
    if (entry_is_about_secret(e))
        return secret_recover(r->open->run, j, opened_token(r->open), err);
    if (e->step == STEP_REHEARSING)
        return settle_rehearsal(r, j, err);
    if (e->step == STEP_ASKED)
        return close_unknown(r, j);
    if (e->operation != OP_KEY_IMPORT && !opened_client(r->open, err))
        return false;
    if (e->step >= STEP_SWITCHED) {
        r->switched = true;
        return key_retire(r->open->run, r->open->client, j, opened_token(r->open), r->ending, err);
    }
    if (e->step == STEP_ACCOUNT_ASKED && e->account[0] == '\0')
        return account_settle_asked(r, j, err);
    return settle_keys(r, j, err);
}
