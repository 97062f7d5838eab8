// key rotate: a new key replaces the profile's key. The old key is retired when nobody needs it any more.
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "config/identity.h"
#include "core/result.h"
#include "core/text.h"
#include "core/timestamp.h"
#include "manage/admin_client.h"
#include "manage/key_recover.h"
#include "manage/new_key.h"
#include "manage/provision_key.h"
#include "manage/rotation_room.h"
#include "ownership/profile_files.h"
#include "recovery/key_retire.h"
#include "signer/access_token.h"

static const char scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ;

void ssa_rotated_free(struct ssa_rotated *rotated)
{
    ssa_created_free(&rotated->created);
}

// The rotations to look for, whose old key still works, and what was found.
struct waiting {
    const struct ssa_run *run;
    const char *account;
    bool retires; // retire the old key
    bool at_once; // also before its grace period has ended
    struct ssa_ending *ending;
    bool found;
    char old_kid[API_ID_MAX];
};

static bool still_graced(const struct entry *e, struct ssa_error *err)
{
    char until[TIMESTAMP_TEXT_MAX];
    if (!timestamp_write(e->retire_at, until))
        until[0] = '\0';
    return error_because(err, SSA_CONFIG, SSA_REASON_OLD_KEY_SERVES, e->old_kid, "the old key must work until %s",
                         until);
}

static bool visit_waiting(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct waiting *w = context;
    const struct entry *e = j->entry;
    if (standing == IN_USE || e->step < STEP_SWITCHED || !journal_entry_is_ours(e, w->run->settings) ||
        strcmp(e->account, w->account) != 0)
        return true;
    w->found = true;
    memcpy(w->old_kid, e->old_kid, sizeof w->old_kid);
    if (!w->retires)
        return true;
    if (!w->at_once && e->retire_at > time(NULL))
        return still_graced(e, err);
    OPENED_AUTO open = {.run = w->run};
    return opened_client(&open, err) && key_retire(w->run, open.client, j, &open.to, w->ending, err);
}

// Looks for a rotation of the account whose old key still works, and retires that key where that is wanted.
static bool find_waiting(struct waiting *waiting, struct ssa_error *err)
{
    return journal_each_open(waiting->run, visit_waiting, waiting, NULL, err);
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
    if (!find_waiting(&w, err))
        return false;
    if (!w.found)
        return true;
    return error_because(err, SSA_CONFIG, SSA_REASON_ROTATION_WAITS, r->identity.account_id,
                         "the last rotation of this account is not finished: its old key %s is not retired", w.old_kid);
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

// Somebody may have disabled or deleted the old key, and rotates for that reason.
static void note_old_status(struct ssa_rotated *rotated, const struct aps_key *old)
{
    if (old != NULL)
        memcpy(rotated->old_key_status, old->status, sizeof old->status);
}

static bool make_room(struct provision *p, const struct rotation *r, struct ssa_error *err)
{
    struct aps_keys keys;
    if (!aps_key_list(p->open.client, r->identity.account_id, &keys, err))
        return false;
    note_old_status(r->rotated, aps_key_in(&keys, r->identity.key_id));
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
    const bool done = provision_profile(p, NULL, &r->rotated->created, err);
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
    if (!identity_read(run->settings, true, &r.identity, err) || !client_id_read(run, &client_id, err))
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

bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128], struct ssa_ending *ending,
                         struct ssa_error *err)
{
    struct identity identity;
    const char *client_id = NULL;
    err = ERROR_OR_IGNORED(err);
    if (!identity_read(run->settings, true, &identity, err) || !client_id_read(run, &client_id, err))
        return false;
    struct waiting w = {
        .run = run, .account = identity.account_id, .at_once = at_once, .retires = true, .ending = ending};
    if (!find_waiting(&w, err))
        return false;
    if (!w.found)
        return error_because(err, SSA_CONFIG, SSA_REASON_NO_ROTATION_WAITS, identity.account_id,
                             "no rotation of this account waits to be finished on this host");
    return text_format(old_key_id, 128, "%s", w.old_kid) ||
           error_set(err, SSA_UNEXPECTED, NULL, w.old_kid, "the key's id is too long");
}

// The plan: what a rotation would do, in words.
enum { PLAN_MAX = 8 * 1024 };

static bool line(struct secret *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool line(struct secret *plan, const char *format, ...)
{
    char text[SSA_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return len >= 0 && (size_t)len < sizeof text && secret_append_text(plan, text) && secret_append_text(plan, "\n");
}

static bool write_plan(const struct identity *identity, const struct ssa_rotation *how, const struct aps_keys *keys,
                       const char *profile, const char *token, struct secret *plan)
{
    bool ok = line(plan, "account %s has %zu of %u keys", identity->account_id, keys->count, APS_KEYS_ALLOWED);
    if (keys->count >= APS_KEYS_ALLOWED)
        ok = ok && line(plan, "delete key %s at the API, to make room", how->replace);
    ok = ok && line(plan, "make a new key and put it into %s", token) &&
         line(plan, "have it sign, and fetch an access token with it") &&
         (profile[0] != '\0' ? line(plan, "write it to %s, in place of %s", profile, identity->key_id)
                             : line(plan, "print the new block, since the old one is in no profile"));
    if (how->at_once)
        return ok && line(plan, "disable and delete %s at the API, and destroy it on its token", identity->key_id);
    if (how->grace > 0)
        return ok && line(plan, "leave %s as it is for %lld seconds, then until the rotation is finished",
                          identity->key_id, how->grace);
    return ok && line(plan, "leave %s as it is until the rotation is finished", identity->key_id);
}

bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err)
{
    struct identity identity;
    struct aps_keys keys;
    APS_AUTO *client = NULL;
    SECRET_AUTO text = {0};
    err = ERROR_OR_IGNORED(err);
    if (!identity_read(run->settings, true, &identity, err))
        return false;
    if (!admin_client_open(run, APS_SCOPE_KEY_READ, &client, err))
        return false;
    if (!aps_key_list(client, identity.account_id, &keys, err))
        return false;
    if (!rotation_check_room(&keys, identity.key_id, how->replace, err) || !secret_new(&text, PLAN_MAX, err))
        return false;
    const char *profile = identity.source == FROM_PROFILE ? settings_profile_path(run->settings) : "";
    const char *token = settings_get(run->settings, SET_TOKEN, NULL);
    if (!write_plan(&identity, how, &keys, profile, token != NULL ? token : "the old key's token", &text))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the plan is too long");
    return result_take(plan, &text, err);
}
