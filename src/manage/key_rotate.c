// key rotate: a new key replaces the profile's key. The old key is retired when nobody needs it any more.
#include <string.h>
#include <time.h>

#include "config/identity.h"
#include "core/text.h"
#include "manage/key_recover.h"
#include "manage/new_key.h"
#include "manage/provision_key.h"
#include "manage/rotation_room.h"
#include "manage/rotation_waiting.h"
#include "ownership/profile_files.h"
#include "recovery/key_retire.h"
#include "signer/access_token.h"

static const char scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ;

void ssa_rotated_free(struct ssa_rotated *rotated)
{
    ssa_created_free(&rotated->created);
}

// What is rotated.
struct rotation {
    const struct ssa_run *run;
    const struct ssa_rotation *how;
    struct identity identity; // with the old key
    const char *profile;      // empty where no profile names the old key
    struct ssa_output output;
    struct ssa_rotated *rotated;
};

// Settles interrupted operations on this account first.
static OWN_FRAME bool settle_first(struct rotation *r, struct ssa_ending *ending, struct ssa_error *err)
{
    OPENED_AUTO open = {.run = r->run};
    struct ssa_ending each = {0};
    struct recovery recovery = {.open = &open, .ending = &each, .account = r->identity.account_id};
    if (!key_recover_all(&recovery, err))
        return false;
    r->rotated->resumed = recovery.switched;
    if (recovery.left == 0)
        return true;
    error_set(err, SSA_UNEXPECTED, NULL, r->identity.account_id, "an earlier operation could not be settled");
    return ending_add(ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "the messages above say why");
}

// Another process that has rotated the key meanwhile has changed the profile.
static bool check_profile(const struct rotation *r, struct ssa_error *err)
{
    struct profile_said said;
    bool there = false;
    if (r->profile[0] == '\0')
        return true;
    if (!profile_read_said(r->profile, &said, &there, err))
        return false;
    return strcmp(said.key_id, r->identity.key_id) == 0 ||
           error_set(err, SSA_CONFIG, NULL, r->profile, "the profile was changed meanwhile, so nothing was done");
}

// After such a rotation, an old key waits to be retired.
static bool check_waiting(const struct rotation *r, struct ssa_error *err)
{
    struct waiting w = {.run = r->run, .account = r->identity.account_id};
    if (!rotation_find_waiting(&w, err))
        return false;
    if (!w.found)
        return true;
    error_set(err, SSA_CONFIG, NULL, r->identity.account_id,
              "the last rotation of this account is not finished: its old key %s still works", w.old_kid);
    return error_reason(err, SSA_REASON_ROTATION_WAITS, NULL);
}

static bool check_current(const struct rotation *r, struct ssa_error *err)
{
    return check_profile(r, err) && check_waiting(r, err);
}

static bool prepare(struct provision *p, const struct rotation *r, struct ssa_error *err)
{
    const struct provisioning what = {
        .operation = OP_KEY_ROTATE, .with_secret = true, .without_profile = r->profile[0] == '\0'};
    return new_key_prepare(p, &what, err) && aps_admin(p->open.client, scopes, err);
}

// The journal has the old key before a new one is made.
static bool claim(struct provision *p, const struct rotation *r, struct ssa_error *err)
{
    struct entry *e = p->journal.entry;
    const struct identity *identity = &r->identity;
    const char *email = identity->email != NULL ? identity->email : "";
    e->retires_at_once = r->how->at_once;
    const bool fit = text_format(e->account, sizeof e->account, "%s", identity->account_id) &&
                     text_format(e->email, sizeof e->email, "%s", email) &&
                     text_format(e->old_kid, sizeof e->old_kid, "%s", identity->key_id) &&
                     text_format(e->old_key_uri, sizeof e->old_key_uri, "%s", identity->private_key);
    return (fit || error_set(err, SSA_CONFIG, NULL, NULL, "an id, the email or the URI in the profile is too long")) &&
           journal_claim(&p->journal, err);
}

static bool make_room(struct provision *p, const struct rotation *r, struct ssa_error *err)
{
    struct aps_keys keys;
    if (!aps_key_list(p->open.client, r->identity.account_id, &keys, err))
        return false;
    if (!rotation_make_room(p, r->how, r->identity.key_id, &keys, err))
        return false;
    new_key_note_before(p->journal.entry, &keys);
    return true;
}

static bool prove_by_fetching(struct provision *p, struct ssa_error *err)
{
    const struct entry *e = p->journal.entry;
    const struct access_token_key proof = {.client_id = p->open.client_id, .account = e->account, .kid = e->kid};
    return (provision_key_again(p, err) &&
            access_token_try(p->open.run, p->open.client, &proof, p->open.to.token, &p->key, err)) ||
           provision_undo(p, err);
}

static bool switch_profile(struct provision *p, const struct rotation *r, struct ssa_error *err)
{
    struct entry *e = p->journal.entry;
    const struct profile_block block = opened_block(&p->open, e);
    const bool done = provision_profile(p, &block, &r->rotated->created, err);
    if (!p->in_place)
        return false;
    e->retire_at = r->how->grace > 0 ? time(NULL) + (time_t)r->how->grace : 0;
    return journal_step(&p->journal, STEP_SWITCHED, err) && done;
}

static bool note_result(const struct rotation *r, const struct entry *e, struct ssa_error *err)
{
    struct ssa_rotated *to = r->rotated;
    return (text_format(to->old_key_id, sizeof to->old_key_id, "%s", e->old_kid) &&
            text_format(to->new_key_id, sizeof to->new_key_id, "%s", e->kid)) ||
           error_set(err, SSA_UNEXPECTED, NULL, e->kid, "the key's id is too long");
}

// The new key works, whether the old key can be retired or not.
static bool retire_old(struct provision *p, const struct rotation *r)
{
    if (!r->how->at_once)
        return true;
    profile_files_tell_strays(r->run);
    return key_retire(r->run, p->open.client, &p->journal, &p->open.to, p->ending, &r->rotated->left) ||
           r->rotated->left.code != SSA_OK;
}

static bool rotate(struct rotation *r, struct ssa_ending *ending, struct ssa_error *err)
{
    PROVISION_AUTO *p = provision_new(r->run, &r->output, ending, err);
    if (p == NULL)
        return false;
    // This is checked before a PIN is asked for, and again once the account is claimed.
    if (!check_current(r, err))
        return false;
    if (!prepare(p, r, err))
        return false;
    if (!claim(p, r, err))
        return false;
    if (!check_current(r, err))
        return false;
    if (!make_room(p, r, err))
        return false;
    if (!new_key_make(p, err))
        return false;
    if (!prove_by_fetching(p, err))
        return false;
    if (!switch_profile(p, r, err))
        return false;
    return note_result(r, p->journal.entry, err) && retire_old(p, r);
}

bool ssa_key_rotate(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                    struct ssa_ending *ending, struct ssa_error *err)
{
    struct rotation r = {.run = run, .how = how, .output = how->output, .rotated = rotated};
    const char *client_id = NULL;
    err = ERROR_OR_IGNORED(err);
    *rotated = (struct ssa_rotated){0};
    if (!client_id_read(run, &client_id, err) || !identity_read(run->settings, true, &r.identity, err))
        return false;
    if (!settle_first(&r, ending, err))
        return false;
    if (rotated->resumed)
        return true;
    r.profile = r.identity.source == FROM_PROFILE ? settings_profile_path(run->settings) : "";
    r.output.file = r.profile;
    r.output.replace = true;
    return rotate(&r, ending, err);
}
