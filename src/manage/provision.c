#include "manage/provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/callback.h"
#include "core/text.h"
#include "hsm/import/rehearse.h"
#include "hsm/import/throwaway.h"
#include "ownership/profile_files.h"
#include "recovery/recover_entry.h"
#include "signer/new_key_token.h"
#include "signer/open_token.h"

enum { LOCKED_ROOM = 256 * 1024 };

struct provision *provision_new(const struct ssa_run *run, const struct ssa_output *output, struct ssa_ending *ending,
                                struct ssa_error *err)
{
    struct provision *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory");
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

// Whether there is room in locked memory for all that the key passes through: found out before the API makes
// one.
static bool check_memory(struct provision *p, struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    return secret_new(&trial, LOCKED_ROOM, err) && secret_must_be_locked(&trial, err) &&
           secret_new(&p->pem, PEM_MAX, err) && secret_must_be_locked(&p->pem, err);
}

// What the journal says of the profile is written before there is a draft of it.
static bool prepare_profile(struct provision *p, bool with_secret, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (!profile_choose(&p->target, p->open.run, p->output, p->journal.id, err))
        return false;
    entry->replaces_profile = p->target.replace;
    // As long as their own fields: they fit.
    memcpy(entry->profile, p->target.path, sizeof entry->profile);
    memcpy(entry->draft, p->target.draft, sizeof entry->draft);
    if (!journal_step(&p->journal, STEP_BEGUN, err) || !profile_reserve(&p->target, err))
        return false;
    // Half of a profile is for what others keep in it; ours takes less than the other half.
    return secret_new(&p->rest, PROFILE_MAX / 2, err) &&
           profile_others_append(p->target.path, profile_block_has, with_secret, &p->rest, err) &&
           profile_mark(p->target.path, entry->profile_before, err);
}

// The last digits of the operation's name are its own.
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

// What is on the token for a moment alone has a name of this run: whoever is killed meanwhile has written it
// down.
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
    // With something left, the entry stays open, for a recovery.
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
             "the PKCS#11 token does not take CKA_ALLOWED_MECHANISMS: whoever has the PIN may decrypt with "
             "the key by raw RSA (CKM_RSA_X_509)");
}

static bool prepare_token(struct provision *p, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    struct open_token *to = &p->open.to;
    if (!open_token_for_key(p->open.run, p->output, to, err))
        return false;
    tell(&p->open.run->callbacks, SSA_DETAIL, "token: %s", token_info(to->token)->uri);
    const struct uri_parts token = {.private_key = false};
    if (!lasting_uri(to->token, to->uri, token, entry->token, err) || !rehearse(p, err))
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

// Whether the operation has made nothing that another could find.
static bool made_nothing(const struct provision *p)
{
    const struct entry *e = p->journal.entry;
    const bool new_account = e->operation == OP_ACCOUNT_CREATE && e->account[0] != '\0';
    return p->asked == OAUTH_NOT_DONE && !new_account && e->step < STEP_KEY_MADE;
}

static bool settle(struct provision *p, const struct ssa_error *why, struct ssa_error *err)
{
    const struct known known = {.asked = p->asked,
                                .refused = p->asked != OAUTH_DONE &&
                                           (why->code == SSA_REFUSED || why->code == SSA_CREDENTIALS),
                                .key = &p->key};
    struct recovery r = {.open = &p->open, .known = &known, .ending = p->ending};
    tell(&p->open.run->callbacks, SSA_DETAIL, "undoing: %s", why->what);
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
    // The draft goes while its name is in an open entry: a process that is killed here is cleaned up after.
    profile_abandon(&p->target);
    if (made_nothing(p)) {
        journal_close(&p->journal, OUTCOME_FAILED);
        return false;
    }
    if (settle(p, err, &left))
        return false;
    if (p->ending->count == 0)
        (void)ending_add(p->ending, SSA_END_LEFT, left.reason, left.subject, left.detail,
                         "what had been made is left: %s", left.what);
    return ending_add(p->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "it is not undone");
}
