// The story of a rotation: a new key takes the place of the profile's, and the old one goes when nobody needs
// it.
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "core/result.h"
#include "core/tell.h"
#include "core/text.h"
#include "core/timestamp.h"
#include "journal/audit.h"
#include "manage/admin_client.h"
#include "manage/key_recover.h"
#include "manage/key_retire.h"
#include "manage/new_key.h"
#include "manage/profile_files.h"
#include "signer/access_token.h"
#include "signer/api_client.h"

enum { PLAN_MAX = 8 * 1024 };

static const char scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ;

void ssa_rotated_free(struct ssa_rotated *rotated)
{
    ssa_created_free(&rotated->created);
}

// A rotation of this account whose old key serves on.
struct waiting {
    const struct ssa_run *run;
    const char *account;
    bool at_once;
    bool found;
    char old_kid[APS_ID_MAX];
    bool retires; // and is to be retired now
    bool retired;
    struct ssa_ending *ending; // of the retiring
};

static bool grace_is_over(const struct entry *e)
{
    return e->retire_at == 0 || e->retire_at <= time(NULL);
}

static bool still_graced(const struct entry *e, struct ssa_error *err)
{
    char until[TIMESTAMP_TEXT_MAX];
    (void)timestamp_write(e->retire_at, until);
    error_set(err, SSA_CONFIG, NULL, e->old_kid, "the old key is to serve until %s", until);
    return error_hint(err, "`ssa-hsm key rotate --finish --now` retires it all the same.");
}

static bool visit_waiting(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct waiting *w = context;
    const struct entry *e = j->entry;
    if (standing == IN_USE || e->step < STEP_SWITCHED || !entry_is_ours(e, w->run->settings) ||
        strcmp(e->account, w->account) != 0)
        return true;
    w->found = true;
    memcpy(w->old_kid, e->old_kid, sizeof w->old_kid);
    if (!w->retires)
        return true;
    if (!w->at_once && !grace_is_over(e))
        return still_graced(e, err);
    RECOVERY_AUTO r = {.run = w->run};
    w->retired = recovery_client(&r, err) && retire(w->run, r.client, j, recovery_opened(&r), w->ending, err);
    return w->retired;
}

bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128],
                         struct ssa_ending *ending, struct ssa_error *err)
{
    ending = ending != NULL ? ending : ENDING_IGNORED;
    err = err != NULL ? err : ERROR_IGNORED;
    struct identity identity;
    const char *client_id = NULL;
    if (!api_client_id(run, &client_id, err) || !identity_read(run->settings, true, &identity, err))
        return false;
    struct waiting w = {
        .run = run, .account = identity.account_id, .at_once = at_once, .retires = true, .ending = ending};
    if (!journal_each_open(run, visit_waiting, &w, err))
        return false;
    if (!w.found) {
        error_set(err, SSA_CONFIG, NULL, identity.account_id,
                  "no rotation of this account waits to be finished here");
        return error_hint(
            err, "`ssa-hsm key list` shows its keys; the machine that rotated knows which one is old.");
    }
    return text_format(old_key_id, 128, "%s", w.old_kid);
}

// Whoever rotated in the meantime has written the profile, and its old key waits.
static bool check_current(const struct ssa_run *run, const struct identity *identity, const char *profile,
                          struct ssa_error *err)
{
    struct profile_said said;
    bool there = false;
    struct waiting w = {.run = run, .account = identity->account_id};
    if (profile[0] != '\0') {
        if (!profile_read_said(profile, &said, &there, err))
            return false;
        if (strcmp(said.key_id, identity->key_id) != 0)
            return error_set(err, SSA_CONFIG, NULL, profile,
                             "another has changed the profile meanwhile: nothing is done");
    }
    if (!journal_each_open(run, visit_waiting, &w, err))
        return false;
    if (!w.found)
        return true;
    error_set(err, SSA_CONFIG, NULL, identity->account_id,
              "a rotation of this account waits for its old key %s to go", w.old_kid);
    return error_hint(err, "`ssa-hsm key rotate --finish` retires it; then rotate again.");
}

// Three keys are all there may be: which one goes is a person's to say.
static bool check_room(const struct aps_keys *keys, const char *current, const char *replace,
                       struct ssa_error *err)
{
    if (replace != NULL && strcmp(replace, current) == 0)
        return error_set(err, SSA_USAGE, NULL, replace,
                         "is the key that is rotated, which serves until the new one does");
    if (keys->count < APS_KEYS_ALLOWED)
        return true;
    char others[SSA_ERROR_TEXT_MAX / 2] = "";
    for (size_t i = 0; i < keys->count; i++) {
        const size_t used = strlen(others);
        if (strcmp(keys->list[i].kid, current) != 0)
            (void)text_format(others + used, sizeof others - used, "%s%s", used > 0 ? " or " : "",
                              keys->list[i].kid);
    }
    if (replace == NULL) {
        error_set(err, SSA_REFUSED, NULL, NULL, "the account has %zu keys, as many as it may have",
                  keys->count);
        return error_hint(err, "--replace KEY_ID deletes one to make room, whichever host has it: %s.",
                          others);
    }
    if (keys_have(keys, replace))
        return true;
    error_set(err, SSA_USAGE, NULL, replace, "is no key of this account");
    return error_hint(err, "It is %s.", others);
}

static bool make_room(struct work *w, const struct ssa_rotation *how, const char *current,
                      struct ssa_error *err)
{
    char question[SSA_ERROR_TEXT_MAX / 2];
    const struct ssa_run *run = w->p.run;
    struct aps_keys *keys = &w->made.before;
    if (!check_room(keys, current, how->replace, err))
        return false;
    if (keys->count < APS_KEYS_ALLOWED) {
        if (how->replace != NULL)
            tell(&run->callbacks, SSA_NOTICE, "there is room for a new key: %s is left", how->replace);
        return true;
    }
    (void)text_format(question, sizeof question, "Delete key %s at the API, whichever host's token has it?",
                      how->replace);
    if (!how->output.yes && !confirms(&run->callbacks, question)) {
        error_set(err, SSA_CONFIG, NULL, how->replace, "the key is left: its deletion was not confirmed");
        return error_hint(err, "--yes confirms it, for use without a terminal.");
    }
    JOURNAL_AUTO audit = {.fd = -1};
    if (!audit_begin(&audit, run, OP_KEY_DELETE, w->made.account.id, how->replace, err) ||
        !audit_end(&audit, aps_key_delete(w->client, w->made.account.id, how->replace, err), err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "key %s is deleted at the API", how->replace);
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].kid, how->replace) != 0)
            keys->list[kept++] = keys->list[i];
    keys->count = kept;
    return true;
}

// The old key, which the journal knows before there is a new one.
static bool note_old_key(struct work *w, const struct identity *identity, const struct ssa_rotation *how,
                         struct ssa_error *err)
{
    struct entry *e = w->p.journal.entry;
    struct aps_account *account = &w->made.account;
    e->retires_at_once = how->at_once;
    const char *email = identity->email != NULL ? identity->email : "";
    return (text_format(account->id, sizeof account->id, "%s", identity->account_id) &&
            text_format(account->email, sizeof account->email, "%s", email) &&
            text_format(e->old_kid, sizeof e->old_kid, "%s", identity->key_id) &&
            text_format(e->old_key_uri, sizeof e->old_key_uri, "%s", identity->private_key)) ||
           error_set(err, SSA_CONFIG, NULL, NULL, "one of the four names is too long");
}

static bool prove_by_fetching(struct work *w, struct ssa_error *err)
{
    const struct access_token_key proof = {
        .client_id = w->client_id, .account = w->made.account.id, .kid = w->made.kid};
    if (provision_again(&w->p, err) &&
        access_token_try(w->p.run, w->client, &proof, w->p.to.token, &w->p.key, err))
        return true;
    provision_remove(&w->p);
    return work_undo(w, err);
}

static bool switch_profile(struct work *w, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                           struct ssa_error *err)
{
    const struct profile_block block = work_block(w);
    const bool done = provision_finish(&w->p, &block, &rotated->created, err);
    if (!w->p.in_place) {
        provision_remove(&w->p);
        return work_undo(w, err);
    }
    struct entry *e = w->p.journal.entry;
    e->retire_at = how->grace > 0 ? time(NULL) + (time_t)how->grace : 0;
    return journal_step(&w->p.journal, STEP_SWITCHED, err) && done;
}

// What an earlier rotation that did not come to its end has left goes first.
static bool settle_first(const struct ssa_run *run, const struct identity *identity,
                         struct ssa_rotated *rotated, struct ssa_ending *ending, struct ssa_error *err)
{
    RECOVERY_AUTO r = {.run = run, .account = identity->account_id};
    if (!recover(&r, err))
        return false;
    rotated->resumed = r.switched;
    if (r.left == 0)
        return true;
    ending->how = SSA_END_LEFT;
    error_set(err, SSA_UNEXPECTED, NULL, identity->account_id, "an earlier operation could not be settled");
    return error_hint(err, "What stands in the way is said above; `ssa-hsm key recover` tries again.");
}

bool ssa_key_rotate(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                    struct ssa_ending *ending, struct ssa_error *err)
{
    struct identity identity;
    const char *client_id = NULL;
    ending = ending != NULL ? ending : ENDING_IGNORED;
    err = err != NULL ? err : ERROR_IGNORED;
    *rotated = (struct ssa_rotated){0};
    if (!api_client_id(run, &client_id, err) || !identity_read(run->settings, true, &identity, err) ||
        !settle_first(run, &identity, rotated, ending, err))
        return false;
    if (rotated->resumed)
        return true;
    const bool from_profile = identity.source == FROM_PROFILE;
    const char *profile = from_profile ? settings_profile_path(run->settings) : "";
    struct ssa_output output = how->output;
    output.file = profile;
    output.replace = true;
    const struct provisioning what = {
        .operation = OP_KEY_ROTATE, .with_secret = true, .without_profile = !from_profile};
    WORK_AUTO w = WORK_NONE;
    // Before a PIN is asked for, and once more under the claim.
    if (!check_current(run, &identity, profile, err) || !work_prepare(&w, run, &output, &what, ending, err) ||
        !note_old_key(&w, &identity, how, err) || !aps_admin(w.client, scopes, err) || !work_claim(&w, err) ||
        !check_current(run, &identity, profile, err) ||
        !aps_key_list(w.client, w.made.account.id, &w.made.before, err) ||
        !make_room(&w, how, identity.key_id, err) || !work_make_key(&w, err) || !prove_by_fetching(&w, err) ||
        !switch_profile(&w, how, rotated, err))
        return false;
    if (how->at_once)
        profile_files_tell_strays(run);
    (void)text_format(rotated->old_key_id, sizeof rotated->old_key_id, "%s", identity.key_id);
    (void)text_format(rotated->new_key_id, sizeof rotated->new_key_id, "%s", w.made.kid);
    // The new key serves whatever became of the old one.
    return !how->at_once || retire(run, w.client, &w.p.journal, &w.p.to, ending, &rotated->left) ||
           rotated->left.code != SSA_OK;
}

static bool line(struct secret *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool line(struct secret *plan, const char *format, ...)
{
    char text[SSA_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return len >= 0 && secret_append_text(plan, text) && secret_append_text(plan, "\n");
}

static bool write_plan(const struct identity *identity, const struct ssa_rotation *how,
                       const struct aps_keys *keys, const char *profile, const char *token,
                       struct secret *plan)
{
    bool ok =
        line(plan, "account %s has %zu of %u keys", identity->account_id, keys->count, APS_KEYS_ALLOWED);
    if (keys->count >= APS_KEYS_ALLOWED)
        ok = ok && line(plan, "delete key %s at the API, to make room", how->replace);
    ok = ok && line(plan, "make a new key and put it into %s", token) &&
         line(plan, "have it sign, and fetch an access token with it") &&
         (profile[0] != '\0' ? line(plan, "write it to %s, in the place of %s", profile, identity->key_id)
                             : line(plan, "print the new block: the old one is in no profile"));
    if (how->at_once)
        return ok &&
               line(plan, "disable and delete %s at the API, and destroy it on its token", identity->key_id);
    return ok && (how->grace > 0
                      ? line(plan, "leave %s as it is for %lld seconds, then until `key rotate --finish`",
                             identity->key_id, how->grace)
                      : line(plan, "leave %s as it is until `key rotate --finish`", identity->key_id));
}

bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err)
{
    struct identity identity;
    struct aps_keys keys;
    SECRET_AUTO text = {0};
    APS_AUTO *client = NULL;
    if (!identity_read(run->settings, true, &identity, err) ||
        !manage_begin(run, APS_SCOPE_KEY_READ, &client, err) ||
        !aps_key_list(client, identity.account_id, &keys, err) ||
        !check_room(&keys, identity.key_id, how->replace, err) || !secret_new(&text, PLAN_MAX, err))
        return false;
    const char *profile = identity.source == FROM_PROFILE ? settings_profile_path(run->settings) : "";
    const char *token = settings_get(run->settings, SET_TOKEN, NULL);
    if (!write_plan(&identity, how, &keys, profile, token != NULL ? token : "the token of the old one",
                    &text))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the plan is too long");
    return text_take(plan, &text, err);
}
