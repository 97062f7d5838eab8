// The recovery looks at the API and on the PKCS#11 token for what the operation may have made. Where the process has
// ended and the key is complete on both, its profile is written. Anything else is undone. Only things that the
// operation has provably made are deleted.
#include "recovery/recovery.h"

#include <errno.h>
#include <unistd.h>

#include "config/old_names.h"
#include "config/profile_block.h"
#include "config/profile_write.h"
#include "core/callback.h"
#include "core/text.h"
#include "hsm/import/throwaway.h"
#include "ownership/profile_files.h"
#include "recovery/key_retire.h"
#include "recovery/recover_account.h"
#include "recovery/recover_api_key.h"
#include "recovery/recover_pair.h"
#include "secret/secret_recover.h"

static bool settle_key_asked(struct recovery *r, struct journal *j, const struct aps_keys *fresh,
                             struct ssa_error *err);

static bool close_gone(const struct recovery *r, struct journal *j)
{
    return recovery_close(r, j, OUTCOME_UNDONE, "the account does not exist any more, nor does its key");
}

// The API does not have a key with the id that it answered. So the key that it made is searched for.
static bool search_key(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct aps_keys fresh;
    bool gone = false;
    j->entry->kid[0] = '\0';
    if (!api_key_list_fresh(r, j->entry, &fresh, &gone, err))
        return false;
    return gone ? close_gone(r, j) : settle_key_asked(r, j, &fresh, err);
}

// Undoes a key of an account that was there before.
static bool undo_key(struct recovery *r, struct journal *j, const char *line, struct ssa_error *err)
{
    bool unknown = false;
    if (!api_key_drop(r, j, &unknown, err))
        return false;
    return unknown ? search_key(r, j, err) : recovery_close(r, j, OUTCOME_UNDONE, line);
}

// The API was asked for a key. Its id is known where the answer came.
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

// Destroys the key on the PKCS#11 token, then deletes it at the API. It is deleted there even where the token fails,
// since a key is useless that the API does not know. The entry then stays open for the rest.
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
        // For the operation's own process, a key that was not proved was not imported.
        undone = recovery_close(r, j, r->known != NULL && e->step < STEP_IMPORTED ? OUTCOME_FAILED : OUTCOME_UNDONE,
                                "the PKCS#11 token is as it was; the file still has the key");
    else if (e->operation == OP_ACCOUNT_CREATE)
        undone = account_undo(r, j, fresh, err);
    else if (aps_key_in(fresh, e->kid) != NULL)
        undone = undo_key(r, j, "it is undone at the API and on the token", err);
    else
        undone = recovery_close(r, j, OUTCOME_UNDONE, "it is undone at the API and on the token");
    if (r->stays_open)
        *err = why;
    return undone;
}

// Whether the profile names the entry's key, on the token. The old block names it, too, but has the key itself.
static bool has_key(const char *path, const struct entry *e)
{
    struct profile_said said;
    bool there = false;
    return profile_read_said(path, &said, &there, ERROR_IGNORED) && there && strcmp(said.key_id, e->kid) == 0 &&
           (!e->replaces_block || (!said.key_is_pem && said.private_key[0] != '\0'));
}

// Chooses where the profile is written: in its place, where that is empty or as it was before the operation; or else
// beside it.
static bool choose_place(const struct entry *e, char where[static PATH_TEXT_MAX], bool *beside, struct ssa_error *err)
{
    char mark[FINGERPRINT_TEXT];
    *beside = false;
    if (!has_key(e->profile, e)) {
        // A file that cannot be read as a profile is not replaced by one.
        *beside = !profile_mark(e->profile, mark, ERROR_IGNORED) ||
                  (strcmp(mark, profile_absent) != 0 && (!e->replaces_profile || strcmp(mark, e->profile_before) != 0));
    }
    return path_format(where, err, "%s%s%s", e->profile, *beside ? "." : "", *beside ? e->kid : "");
}

// The file that is replaced held the key as text.
static void tell_blocks(const struct recovery *r, const struct entry *e, bool beside)
{
    if (e->replaces_block)
        tell(&r->open->run->callbacks, SSA_WARNING,
             beside ? "%s still holds the key that was imported from it"
                    : "%s was replaced, but the disk blocks that held its key were not overwritten",
             e->profile);
}

// Writes the profile that the entry names, unless it has the key already. Where its place now has another block, or a
// file that is not a profile, it is written beside that. where: its path.
static OWN_FRAME bool write_profile(const struct recovery *r, const struct journal *j, char where[static PATH_TEXT_MAX],
                                    bool *beside, struct ssa_error *err)
{
    const struct entry *e = j->entry;
    if (!choose_place(e, where, beside, err))
        return false;
    if (has_key(where, e))
        return true;
    PROFILE_AUTO target = {.fd = -1};
    SECRET_AUTO text = {0};
    const struct ssa_output output = {.file = where, .replace = e->replaces_profile && !*beside};
    const struct profile_block block = opened_block(r->open, e);
    // Other lines of the file are kept. The old names of a block are not, since one of them has the key.
    profile_name_is_ours *ours = e->replaces_block ? old_name_is_replaced : profile_block_has;
    if (!profile_choose(&target, r->open->run, &output, j->id, err) || !profile_reserve(&target, err))
        return false;
    if (!secret_new(&text, PROFILE_MAX, err) || !profile_block_write(&block, r->open->run, &text, err))
        return false;
    if (!*beside && !profile_others_append(target.path, ours, block.secret != NULL, &text, err))
        return false;
    if (!profile_commit(&target, secret_span(&text), err))
        return false;
    tell_blocks(r, e, *beside);
    return true;
}

// The key is at the API and on the token, and proved: its profile is written, unless it is there already.
static bool finish_pair(struct recovery *r, struct journal *j, struct pair *pair, struct ssa_error *err)
{
    struct entry *e = j->entry;
    char line[2 * PATH_TEXT_MAX + 256], where[PATH_TEXT_MAX];
    bool beside = false;
    if (!write_profile(r, j, where, &beside, err) || !pair_sweep(pair, r, err))
        return false;
    // An import does not ask the API.
    const char *api = e->operation == OP_KEY_IMPORT ? "" : "at the API and ";
    if (!text_format(line, sizeof line, "key %s is complete %son the token; its profile is %s%s%s", e->kid, api, where,
                     beside ? ", since there is another file at " : "", beside ? e->profile : ""))
        return error_set(err, SSA_UNEXPECTED, NULL, where, "the path is too long for a message");
    // Where somebody has written another profile, nobody uses the new key yet.
    if (e->operation != OP_KEY_ROTATE || beside)
        return recovery_close(r, j, OUTCOME_DONE, line);
    recovery_note(r, j, SSA_REASON_NONE, line);
    r->switched = true;
    return journal_step(j, STEP_SWITCHED, err) &&
           (!e->retires_at_once || key_retire(r->open->run, r->open->client, j, pair->to, r->ending, err));
}

static OWN_FRAME bool settle_pair(struct recovery *r, struct journal *j, const struct aps_keys *fresh,
                                  struct ssa_error *err)
{
    const struct entry *e = j->entry;
    OPEN_TOKEN_AUTO own = {0};
    struct pair pair = {.own = &own};
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

// Whether a new account without a key has its profile: then the operation had come to its end.
static OWN_FRAME bool has_its_profile(const struct entry *e)
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
        return recovery_close(r, j, OUTCOME_DONE, "the account was made, and has its profile");
    return gone ? close_gone(r, j) : settle_key_asked(r, j, &fresh, err);
}

// The API was not asked for anything, but a throwaway object may be on the token.
static bool settle_rehearsal(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    OPEN_TOKEN_AUTO own = {0};
    struct open_token *to = NULL;
    size_t destroyed = 0;
    if (!opened_or_again(r->open->run, &r->open->to, j->entry->token, &own, &to, err))
        return false;
    if (!throwaway_destroy(to->token, j->entry->throwaway, &destroyed, err))
        return false;
    return destroyed > 0
               ? recovery_close(r, j, OUTCOME_UNDONE, "the objects of its rehearsal on the PKCS#11 token are destroyed")
               : recovery_close(r, j, OUTCOME_FAILED, "its rehearsal has left nothing on the PKCS#11 token");
}

bool recover_entry(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct entry *e = j->entry;
    // What a person allows is one more try, and not one for each operation.
    r->open->to.pin.tries = &r->open->tries;
    // The operation's own process has removed its draft already.
    if (r->known == NULL && !profile_draft_remove(e->draft, err))
        return false;
    if (entry_is_about_secret(e))
        return secret_recover(r->open->run, j, &r->open->to, err);
    if (e->step == STEP_REHEARSING)
        return settle_rehearsal(r, j, err);
    if (e->operation == OP_PROFILE_REMOVE) {
        const bool gone = access(e->profile, F_OK) != 0 && errno == ENOENT;
        return recovery_close(r, j, gone ? OUTCOME_DONE : OUTCOME_UNKNOWN,
                              gone ? "the profile is removed" : "the profile is still there, or there again");
    }
    if (e->step == STEP_ASKED) {
        recovery_note(r, j, e->operation == OP_ACCOUNT_PROVISION ? SSA_REASON_MAYBE_ADDED : SSA_REASON_MAYBE_DONE,
                      "its answer did not come, so it may have been carried out");
        journal_close(j, OUTCOME_UNKNOWN);
        return true;
    }
    if (e->operation != OP_KEY_IMPORT && !opened_client(r->open, err))
        return false;
    if (e->step >= STEP_SWITCHED) {
        r->switched = true;
        return key_retire(r->open->run, r->open->client, j, &r->open->to, r->ending, err);
    }
    if (e->step == STEP_ACCOUNT_ASKED && e->account[0] == '\0')
        return account_settle_asked(r, j, err);
    return settle_keys(r, j, err);
}
