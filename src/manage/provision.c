#include "manage/provision.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/result.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "hsm/import/import.h"
#include "hsm/import/rehearse.h"
#include "hsm/login/login.h"
#include "manage/provision_found.h"
#include "ownership/profile_files.h"
#include "recovery/recovery.h"
#include "signer/open_token.h"

enum { LOCKED_ROOM = 256 * 1024 };

struct provision *provision_new(const struct ssa_run *run, const struct ssa_output *output, struct ssa_ending *ending,
                                struct ssa_error *err)
{
    struct provision *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the operation");
        return NULL;
    }
    p->output = output;
    p->ending = ending != NULL ? ending : &p->ignored;
    p->open.run = run;
    p->journal.fd = p->target.fd = -1;
    return p;
}

void provision_free(struct provision **of)
{
    struct provision *p = *of;
    if (p == NULL)
        return;
    secret_free(&p->rest);
    secret_free(&p->pem);
    opened_end(&p->open);
    profile_abandon(&p->target);
    journal_end(&p->journal);
    free(p);
    *of = NULL;
}

// Whether there is enough locked memory for the key. This is checked before the API makes a key.
static bool check_memory(struct provision *p, struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    return secret_new(&trial, LOCKED_ROOM, err) && secret_must_be_locked(&trial, err) &&
           secret_new(&p->pem, PEM_MAX, err) && secret_must_be_locked(&p->pem, err);
}

// The journal has the profile's path before the draft is made.
static bool prepare_profile(struct provision *p, bool with_secret, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (!profile_choose(&p->target, p->open.run, p->output, p->journal.id, err))
        return false;
    entry->replaces_profile = p->target.replace;
    static_assert(sizeof entry->profile == sizeof p->target.path && sizeof entry->draft == sizeof p->target.draft,
                  "the paths fit");
    memcpy(entry->profile, p->target.path, sizeof entry->profile);
    memcpy(entry->draft, p->target.draft, sizeof entry->draft);
    if (!journal_step(&p->journal, STEP_BEGUN, err) || !profile_reserve(&p->target, err))
        return false;
    // Half of a profile is for other lines; our names need less than the other half.
    return secret_new(&p->rest, PROFILE_MAX / 2, err) &&
           profile_others_append(p->target.path, profile_block_has, with_secret, &p->rest, err) &&
           profile_mark(p->target.path, entry->profile_before, err);
}

// The last digits of the operation's name are random.
static bool throwaway_name(struct entry *entry, struct ssa_error *err)
{
    const char *own = strrchr(entry->id, '-');
    return text_format(entry->throwaway, sizeof entry->throwaway, "ssa-hsm rehearsal %s",
                       own == NULL ? entry->id : own + 1) ||
           error_set(err, SSA_UNEXPECTED, NULL, entry->id, "the operation's name is too long");
}

static bool rehearse_as(struct provision *p, struct ssa_error *err)
{
    return import_rehearse(p->open.to.token, p->output->import_way, p->output->rehearse, &p->plan, err);
}

// A rehearsal puts a throwaway object on the token. Its name is in the journal, in case the process is killed
// meanwhile.
static bool rehearse(struct provision *p, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    p->plan = import_plan_for(p->open.to.token, entry->throwaway);
    if (!import_rehearses(p->open.to.token, p->output->import_way))
        return rehearse_as(p, err);
    if (!throwaway_name(entry, err))
        return false;
    if (!journal_step(&p->journal, STEP_REHEARSING, err))
        return false;
    const bool fit = rehearse_as(p, err);
    // Where an object is left, the entry stays open, to be recovered.
    if (!p->plan.throwaway_left)
        return journal_step(&p->journal, STEP_BEGUN, fit ? err : ERROR_IGNORED) && fit;
    return fit;
}

static void tell_import(const struct provision *p)
{
    const struct ssa_callbacks *callbacks = &p->open.run->callbacks;
    tell(callbacks, SSA_DETAIL, "import: %s%s", p->plan.scheme != NULL ? "wrapped, " : "", import_way(&p->plan));
    if (!import_plan_limits_mechanisms(&p->plan))
        tell(callbacks, SSA_DETAIL,
             "the PKCS#11 token does not take CKA_ALLOWED_MECHANISMS: anybody who has the PIN may decrypt with "
             "the key by raw RSA (CKM_RSA_X_509)");
}

// A key is destroyed only if a person confirms it, or the caller has done so.
static bool may_replace(const struct provision *p, struct ssa_error *err)
{
    const struct open_token *at = &p->open.to;
    if (!at->slot.used || p->output->yes ||
        callback_confirms(&p->open.run->callbacks, "Destroy the key in slot %s of token \"%s\"?", at->slot.name,
                          token_info(at->token)->label))
        return true;
    return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, token_info(at->token)->uri,
                         "the key in slot %s was not replaced: you did not confirm", at->slot.name);
}

static bool choose_slot(struct provision *p, struct ssa_error *err)
{
    const struct ssa_output *output = p->output;
    struct open_token *at = &p->open.to;
    if (output->replace_key && output->slot == NULL)
        return error_because(err, SSA_USAGE, SSA_REASON_REPLACE_WHAT, NULL,
                             "the slot of the key to be destroyed is not named");
    if (!slot_choose(at->token, output->slot, output->replace_key, &at->slot, err))
        return false;
    if (!may_replace(p, err))
        return false;
    tell(&p->open.run->callbacks, SSA_NOTICE, "the key goes into slot %s of token \"%s\"", at->slot.name,
         token_info(at->token)->label);
    return true;
}

static bool refuse_slot(const struct provision *p, struct ssa_error *err)
{
    if (p->output->slot == NULL && !p->output->replace_key)
        return true;
    return error_because(err, SSA_USAGE, SSA_REASON_NO_SLOTS, token_info(p->open.to.token)->uri,
                         "this PKCS#11 token has no slots");
}

// Finds the token as open_token_of_settings does, unless that was done, and checks that a key can be imported.
static bool find_token(struct provision *p, struct ssa_error *err)
{
    struct open_token *at = &p->open.to;
    return at->token != NULL || (open_token_of_settings(p->open.run, at, err) && import_check_able(at->token, err));
}

bool provision_look_ahead(struct provision *p, const struct provisioning *what, struct ssa_error *err)
{
    struct profile_target target;
    if (!what->without_profile && !profile_choose(&target, p->open.run, p->output, "", err))
        return false;
    return what->without_key || find_token(p, err);
}

// Finds the token, and logs in with a session that
// may write, and chooses the slot of a card.
static bool open_token_for_key(struct provision *p, struct ssa_error *err)
{
    struct open_token *at = &p->open.to;
    if (!find_token(p, err))
        return false;
    const bool slots = slot_must_be_chosen(at->token);
    if (slots && !slot_survey(at->token, err))
        return false;
    if (!open_token_login(at, true, err))
        return false;
    if (!provision_seek(p, err))
        return false;
    if (p->found)
        return true;
    // Keys are private objects: only after the login the token shows which slots have one.
    if (slots ? !choose_slot(p, err) : !refuse_slot(p, err))
        return false;
    return open_token_officer(at, p->open.run, err);
}

static bool prepare_token(struct provision *p, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    struct open_token *to = &p->open.to;
    if (!open_token_for_key(p, err))
        return false;
    tell(&p->open.run->callbacks, SSA_DETAIL, "token: %s", token_info(to->token)->uri);
    const struct uri_parts token = {.private_key = false};
    if (!lasting_uri(to->token, to->uri, token, entry->token, err))
        return false;
    if (p->found)
        return true;
    if (!rehearse(p, err))
        return false;
    tell_import(p);
    memcpy(entry->slot, to->slot.name, sizeof entry->slot);
    entry->slot_was_used = to->slot.used;
    return true;
}

bool provision_prepare(struct provision *p, const struct provisioning *what, struct ssa_error *err)
{
    if (!what->without_key && !check_memory(p, err))
        return false;
    if (!journal_begin(&p->journal, p->open.run, what->operation, err))
        return false;
    struct entry *entry = p->journal.entry;
    if (what->client_id != NULL && !text_format(entry->client_id, sizeof entry->client_id, "%s", what->client_id))
        return error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID), "is too long");
    if (!what->without_profile && !prepare_profile(p, what->with_secret, err))
        return false;
    return what->without_key || prepare_token(p, err);
}

// Whether the operation has made nothing at all.
static bool made_nothing(const struct provision *p)
{
    const struct entry *e = p->journal.entry;
    const bool new_account = e->operation == OP_ACCOUNT_CREATE && e->account[0] != '\0';
    return p->asked == OAUTH_NOT_DONE && !new_account && e->step < STEP_KEY_MADE;
}

static bool settle(struct provision *p, const struct ssa_error *why, struct ssa_error *err)
{
    struct known known = {.asked = p->asked,
                          .refused = p->asked != OAUTH_DONE && (why->code == SSA_REFUSED || why->code == SSA_IN_USE ||
                                                                why->code == SSA_CREDENTIALS),
                          .key = &p->key};
    struct recovery r = {.open = &p->open, .known = &known, .ending = p->ending};
    bool fresh = false;
    tell(&p->open.run->callbacks, SSA_DETAIL, "undoing: %s", why->what);
    if (p->open.to.token != NULL && !login_for_undoing(p->open.to.token, &fresh, err))
        return false;
    if (fresh)
        known.key = NULL;
    if (p->open.client != NULL) {
        oauth_client_undoing(p->open.client);
        profile_files_tell_strays(p->open.run);
    }
    return recover_entry(&r, &p->journal, err);
}

bool provision_undo(struct provision *p, const struct ssa_error *err)
{
    struct ssa_error left = {0};
    if (p->journal.fd < 0 || p->journal.entry->step < STEP_ACCOUNT_ASKED)
        return false;
    entry_note(p->journal.entry, err->what);
    // The draft is removed while an open entry has its name: so a recovery can remove it if the process is killed here.
    profile_abandon(&p->target);
    if (made_nothing(p)) {
        journal_close(&p->journal, OUTCOME_FAILED);
        return false;
    }
    if (settle(p, err, &left))
        return false;
    if (p->ending->count == 0)
        (void)ending_add(p->ending, SSA_END_LEFT, left.reason, left.subject, left.detail,
                         "what it had made is left: %s", left.what);
    return ending_add(p->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "it is not undone");
}

// A profile that somebody has changed since is not overwritten.
static bool is_as_before(const struct provision *p, struct ssa_error *err)
{
    char mark[FINGERPRINT_TEXT];
    if (!p->target.replace)
        return true;
    return profile_mark(p->target.path, mark, err) &&
           (strcmp(mark, p->journal.entry->profile_before) == 0 ||
            error_set(err, SSA_CONFIG, NULL, p->target.path,
                      "the profile was changed meanwhile, so it was not overwritten"));
}

bool provision_show(const struct provision *p, const struct profile_block *block, const char *path,
                    struct ssa_created *created, struct ssa_error *err)
{
    SECRET_AUTO shown = {0};
    const char *key_id = block->key_id != NULL ? block->key_id : "",
               *key_uri = block->private_key != NULL ? block->private_key : "";
    if (!text_format(created->client_id, sizeof created->client_id, "%s", block->client_id) ||
        !text_format(created->account, sizeof created->account, "%s", block->account_id) ||
        !text_format(created->key_id, sizeof created->key_id, "%s", key_id))
        return error_set(err, SSA_UNEXPECTED, NULL, block->account_id, "an id is too long");
    return result_copy(&created->key_uri, key_uri, URI_TEXT_MAX, err) && secret_new(&shown, PROFILE_MAX, err) &&
           profile_block_show(block, path, p->output->show_secret, &shown, err) &&
           result_take(&created->block, &shown, err) &&
           ((text_format(created->email, sizeof created->email, "%s", block->email) &&
             text_format(created->path, sizeof created->path, "%s", path)) ||
            error_set(err, SSA_UNEXPECTED, NULL, path, "the path is too long"));
}

// The profile gets a client secret that was somewhere else before, or nowhere.
static void note_secret(const struct provision *p, const struct profile_block *block, struct ssa_created *created)
{
    enum setting_source source;
    const struct token *token = p->open.to.token;
    (void)settings_get(p->open.run->settings, SET_CLIENT_SECRET, &source);
    created->secret_in_profile = block->secret != NULL && block->secret_is_literal && source != FROM_PROFILE;
    created->secret_may_move = token == NULL || data_check_able(token, ERROR_IGNORED);
}

static bool commit(struct provision *p, const struct profile_block *block, struct ssa_error *err)
{
    SECRET_AUTO profile = {0};
    if (!secret_new(&profile, PROFILE_MAX, err) || !profile_block_write(block, p->open.run, &profile, err))
        return false;
    if (!secret_append(&profile, secret_span(&p->rest)))
        return error_set(err, SSA_CONFIG, NULL, p->target.path, "would be longer than %u bytes", PROFILE_MAX);
    if (!is_as_before(p, err))
        return false;
    const bool done = profile_commit(&p->target, secret_span(&profile), err);
    // Only the folder's sync comes after the rename: where that fails, the profile is in place all the same.
    p->in_place = done || p->target.draft[0] == '\0';
    return done;
}

bool provision_profile(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                       struct ssa_error *err)
{
    const struct profile_block own = opened_block(&p->open, p->journal.entry);
    if (block == NULL)
        block = &own;
    // The block to be shown is made first: once the profile is in place, nothing can fail any more.
    const bool shown = provision_show(p, block, p->target.path, created, err);
    const bool with_profile = p->target.path[0] != '\0';
    if (with_profile)
        note_secret(p, block, created);
    p->in_place = shown && !with_profile;
    const bool done = shown && (!with_profile || commit(p, block, err));
    if (!p->in_place)
        return provision_undo(p, err);
    if (p->journal.entry->operation != OP_KEY_ROTATE)
        journal_close(&p->journal, OUTCOME_DONE);
    return done;
}
