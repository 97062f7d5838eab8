// What the ways of getting a key into a token have in common.
#include "manage/provision.h"

#include "config/profile_others.h"
#include "config/reference.h"
#include "core/result.h"
#include "core/tell.h"
#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/import/import.h"
#include "hsm/import/rehearse.h"
#include "hsm/import/throwaway.h"
#include "hsm/key/key_find.h"
#include "hsm/key/prove.h"
#include "manage/profile_files.h"
#include "signer/lasting_uri.h"
#include "signer/new_key_token.h"

enum { LOCKED_ROOM = 256 * 1024 };

void provision_end(struct provision *p)
{
    secret_free(&p->rest);
    secret_free(&p->pem);
    token_close(&p->to.token);
    uri_free(&p->to.uri);
    profile_abandon(&p->target);
    journal_end(&p->journal);
}

// Whether there is room in locked memory for all that the key passes through: found out before the API makes
// one.
static bool check_memory(struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    return secret_new(&trial, LOCKED_ROOM, err) && secret_must_be_locked(&trial, err);
}

// The key as the token is to know it. Borrows from p.
static struct key_name name_of(const struct provision *p)
{
    return (struct key_name){.kid = p->kid,
                             .email = p->email,
                             .label = p->label,
                             .slot = p->to.slot.id,
                             .replaces = p->to.slot.used};
}

// The token's URI, or, with name, the key's, with the module as the next shell finds it.
static bool write_uri(struct provision *p, const struct key_name *name, char out[static URI_TEXT_MAX],
                      struct ssa_error *err)
{
    // A card calls its keys by the slot, whatever they are for: a label says nothing there.
    struct uri_parts parts = {.private_key = name != NULL};
    if (name != NULL)
        parts.id = key_id(name);
    if (name != NULL && name->slot == 0)
        parts.object = span_text(name->label);
    return lasting_uri(p->to.token, p->to.uri, parts, out, err);
}

// What the journal says of the profile is written before there is a draft of it.
static bool prepare_profile(struct provision *p, const struct provisioning *what, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (what->without_profile)
        return true;
    if (!profile_choose(&p->target, p->run, p->output, p->journal.id, err))
        return false;
    entry->replaces_profile = p->target.replace;
    // As long as their own fields: they fit.
    memcpy(entry->profile, p->target.path, sizeof entry->profile);
    memcpy(entry->draft, p->target.draft, sizeof entry->draft);
    // Half of a profile is for what others keep in it; ours takes less than the other half.
    return journal_step(&p->journal, STEP_BEGUN, err) && profile_reserve(&p->target, err) &&
           secret_new(&p->rest, PROFILE_MAX / 2, err) &&
           profile_others_append(p->target.path, profile_block_has, what->with_secret, &p->rest, err) &&
           profile_mark(p->target.path, entry->profile_before, err);
}

// The last digits of the operation's name are its own.
static void throwaway_name(const char *operation, char out[static APS_ID_MAX])
{
    const char *own = strrchr(operation, '-');
    (void)text_format(out, APS_ID_MAX, "ssa-hsm rehearsal %s", own == NULL ? operation : own + 1);
}

// What is on the token for a moment alone has a name of this run: whoever is killed meanwhile has written it
// down.
static bool rehearse(struct provision *p, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (!write_uri(p, NULL, entry->token, err))
        return false;
    p->plan = import_plan_for(p->to.token, entry->throwaway);
    if (!import_rehearses(p->to.token, p->output->import_way))
        return import_rehearse(p->to.token, p->output->import_way, p->output->rehearse, &p->plan, err);
    throwaway_name(p->journal.id, entry->throwaway);
    if (!journal_step(&p->journal, STEP_REHEARSING, err))
        return false;
    const bool fit = import_rehearse(p->to.token, p->output->import_way, p->output->rehearse, &p->plan, err);
    // With something left, the entry stays open, for `key recover`.
    if (!p->plan.throwaway_left)
        return journal_step(&p->journal, STEP_BEGUN, fit ? err : NULL) && fit;
    return fit;
}

bool provision_prepare(struct provision *p, const struct ssa_run *run, const struct ssa_output *output,
                       const struct provisioning *what, struct ssa_ending *ending, struct ssa_error *err)
{
    *p = (struct provision){
        .run = run, .output = output, .ending = ending, .journal = {.fd = -1}, .target = {.fd = -1}};
    if (!what->without_key &&
        (!check_memory(err) || !secret_new(&p->pem, PEM_MAX, err) || !secret_must_be_locked(&p->pem, err)))
        return false;
    if (!journal_begin(&p->journal, run, what->operation, err))
        return false;
    struct entry *entry = p->journal.entry;
    if (what->client_id != NULL &&
        !text_format(entry->client_id, sizeof entry->client_id, "%s", what->client_id))
        return error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID), "is too long");
    if (!prepare_profile(p, what, err))
        return false;
    if (what->without_key)
        return true;
    if (!open_token_for_key(run, output, &p->to, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token: %s", token_info(p->to.token)->uri);
    if (!rehearse(p, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "import: %s%s", p->plan.scheme != NULL ? "wrapped, " : "",
         import_way(&p->plan));
    if (!import_plan_limits_mechanisms(&p->plan))
        tell(&run->callbacks, SSA_DETAIL,
             "the PKCS#11 token does not take CKA_ALLOWED_MECHANISMS: whoever has the PIN may decrypt with "
             "the key by raw RSA (CKM_RSA_X_509)");
    memcpy(entry->slot, p->to.slot.name, sizeof entry->slot);
    entry->slot_was_used = p->to.slot.used;
    return true;
}

void provision_failed(struct provision *p, const struct ssa_error *err)
{
    if (p->journal.fd < 0 || p->journal.entry->step == STEP_BEGUN)
        return;
    (void)text_format(p->journal.entry->note, sizeof p->journal.entry->note, "%.300s", err->what);
    // The draft goes while its name is in an open entry: a process that is killed here is cleaned up after.
    profile_abandon(&p->target);
    if (p->ending->how == SSA_END_LEFT)
        (void)ending_add(p->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "%s", "");
    else
        journal_close(&p->journal, p->ending->how == SSA_END_UNDONE ? OUTCOME_UNDONE : OUTCOME_FAILED);
}

// "NAME KEY_ID": what a person reads in a list of objects.
static bool label_of(const char *email, const char *account_id, const char *kid,
                     char out[static KEY_LABEL_MAX])
{
    const size_t local = email == NULL ? 0 : strcspn(email, "@");
    return local > 0 ? text_format(out, KEY_LABEL_MAX, "%.*s %s", (int)local, email, kid)
                     : text_format(out, KEY_LABEL_MAX, "%s %s", account_id, kid);
}

#ifdef SSA_HSM_PLANT_LEAK
// The leak that scripts/prove-memory must find to be worth anything.
static void plant_leak(const struct secret *pem)
{
    static char *leaked;
    leaked = strndup(secret_text(pem), pem->len);
    (void)leaked;
}
#endif

static void tell_overwritten(const struct provision *p)
{
    if (p->key.overwritten)
        tell(&p->run->callbacks, SSA_NOTICE,
             "slot %s now holds a throwaway key, which is of no use: --slot %s --replace takes its place",
             p->to.slot.name, p->to.slot.name);
}

// Who the key is.
static bool name_key(struct provision *p, const char *kid, const char *email, const char *account_id,
                     struct ssa_error *err)
{
    if (!text_format(p->kid, sizeof p->kid, "%s", kid) ||
        !text_format(p->email, sizeof p->email, "%s", email != NULL ? email : "") ||
        !label_of(email, account_id, kid, p->label))
        return error_set(err, SSA_CONFIG, NULL, kid, "the key's label would be longer than %u bytes",
                         KEY_LABEL_MAX);
    const struct key_name name = name_of(p);
    return write_uri(p, &name, p->key_uri, err);
}

// Looked at before the import, for whoever has to tell later what came in by it: nothing has its id, and its
// modulus.
static bool look_before(struct provision *p, const struct rsa_key *numbers, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    const struct key_name name = name_of(p);
    if (!key_check_free(p->to.token, &name, err))
        return false;
    entry->id_was_free = true;
    fingerprint(numbers->n, entry->modulus);
    return true;
}

// After this it may be in the token.
static bool write_down(struct provision *p, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    (void)text_format(entry->import, sizeof entry->import, "%s",
                      p->plan.scheme != NULL ? "wrapped" : "plain");
    (void)text_format(entry->kid, sizeof entry->kid, "%s", p->kid);
    (void)text_format(entry->email, sizeof entry->email, "%s", p->email);
    (void)text_format(entry->label, sizeof entry->label, "%s", p->label);
    (void)text_format(entry->key_uri, sizeof entry->key_uri, "%s", p->key_uri);
    return journal_step(&p->journal, STEP_KEY_MADE, err);
}

bool provision_import(struct provision *p, const char *source, const char *kid, const char *email,
                      const char *account_id, struct ssa_error *err)
{
    struct rsa_key numbers;
#ifdef SSA_HSM_PLANT_LEAK
    plant_leak(&p->pem);
#endif
    if (!name_key(p, kid, email, account_id, err) || !rsa_key_from_pem(&p->pem, &numbers, source, err) ||
        !look_before(p, &numbers, err) || !write_down(p, err))
        return false;
    const struct key_name name = name_of(p);
    const bool imported = key_import(p->to.token, &p->plan, &numbers, &p->pem, &name, &p->key, err);
    secret_free(&p->pem);
    if (!imported) {
        tell_overwritten(p);
        return false;
    }
    if (!key_prove(p->to.token, &name, &p->key, err) || !journal_step(&p->journal, STEP_IMPORTED, err)) {
        provision_remove(p);
        return false;
    }
    if (p->key.decided[0] != '\0')
        tell(&p->run->callbacks, SSA_NOTICE, "the token itself decides what the key may do: %s",
             p->key.decided);
    return true;
}

bool provision_again(struct provision *p, struct ssa_error *err)
{
    const struct key_name name = name_of(p);
    return key_again(p->to.token, &name, &p->key, err);
}

void provision_remove(struct provision *p)
{
    const struct key_name name = name_of(p);
    // What it could not destroy shows in provision_left.
    (void)key_destroy(p->to.token, &name, &p->key, NULL);
    tell_overwritten(p);
}

void provision_left(const struct provision *p, char out[static KEY_REMOVAL_MAX])
{
    const struct key_name name = name_of(p);
    out[0] = '\0';
    if (p->to.token != NULL)
        key_removal_command(p->to.token, &p->key, &name, out);
}

static bool append_rest(const struct provision *p, struct secret *profile, struct ssa_error *err)
{
    return secret_append(profile, secret_span(&p->rest)) ||
           error_set(err, SSA_CONFIG, NULL, p->target.path, "grows longer than %u bytes", PROFILE_MAX);
}

// Whoever wrote the profile meanwhile is not overwritten.
static bool is_as_before(const struct provision *p, struct ssa_error *err)
{
    char mark[FINGERPRINT_TEXT];
    if (!p->target.replace)
        return true; // then nothing is replaced
    return profile_mark(p->target.path, mark, err) &&
           (strcmp(mark, p->journal.entry->profile_before) == 0 ||
            error_set(err, SSA_CONFIG, NULL, p->target.path,
                      "another has changed the profile meanwhile, and it is left as it is"));
}

bool provision_finish(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                      struct ssa_error *err)
{
    SECRET_AUTO profile = {0};
    SECRET_AUTO shown = {0};
    const bool with_profile = p->target.path[0] != '\0';
    // What is shown is made first: nothing that can fail comes after the profile is in place.
    if (!secret_new(&profile, PROFILE_MAX, err) || !secret_new(&shown, PROFILE_MAX, err) ||
        !profile_block_write(block, p->run, &profile, err) ||
        (with_profile && !append_rest(p, &profile, err)) ||
        !profile_block_show(block, p->target.path, p->output->show_secret, &shown, err) ||
        !text_take(&created->block, &shown, err) || (with_profile && !is_as_before(p, err)))
        return false;
    (void)text_format(created->email, sizeof created->email, "%s", block->email != NULL ? block->email : "");
    (void)text_format(created->path, sizeof created->path, "%s", p->target.path);
    const bool done = !with_profile || profile_commit(&p->target, secret_span(&profile), err);
    // The folder's sync is the last step: past the rename the profile is there.
    p->in_place = done || p->target.draft[0] == '\0';
    if (!p->in_place)
        return false;
    if (p->journal.entry->operation != OP_KEY_ROTATE)
        journal_close(&p->journal, OUTCOME_DONE);
    return done;
}
