// The stories of a new account and a new key: asked of the API, put into the token, written down, or undone.
#include "core/tell.h"
#include "core/text.h"
#include "manage/account_reference.h"
#include "manage/new_key.h"
#include "manage/ownership.h"

static const char create_scopes[] =
    APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ " " APS_SCOPE_KEY_WRITE;
static const char key_scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ;
static const char key_and_account_scopes[] =
    APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

// Writes the profile of what was made.
static bool finish(struct work *w, struct ssa_created *created, struct ssa_error *err)
{
    const struct profile_block block = work_block(w);
    if (provision_finish(&w->p, &block, created, err))
        return true;
    // Past the rename the profile is there, and so stays the key.
    if (w->p.in_place)
        return false;
    if (w->made.kid[0] != '\0')
        provision_remove(&w->p);
    return work_undo(w, err);
}

// The name is in the journal before the request leaves, the id as soon as it is known.
static bool make_account(struct work *w, const char *first, const char *last, struct ssa_error *err)
{
    enum aps_outcome outcome = APS_NOT_DONE;
    struct made *made = &w->made;
    struct entry *entry = w->p.journal.entry;
    if (!aps_account_name(first, last, entry->name) || !journal_claim(&w->p.journal, err))
        return false;
    made->asked = (struct window){.from = aps_server_time(w->client)};
    entry->asked = made->asked;
    entry->account_asked = made->asked.from;
    if (!journal_step(&w->p.journal, STEP_ACCOUNT_ASKED, err))
        return false;
    if (aps_account_create(w->client, first, last, &made->account, &outcome, err)) {
        made->new_account = true;
        memcpy(entry->account, made->account.id, sizeof entry->account);
        memcpy(entry->email, made->account.email, sizeof entry->email);
        return (is_new(w->p.run, entry, "account", made->account.id, err) &&
                journal_step(&w->p.journal, STEP_ACCOUNT_MADE, err)) ||
               work_undo(w, err);
    }
    made->asked.until = aps_server_time(w->client);
    // An answer that is of no use may still have told the id: then it is known which one was made.
    made->new_account = outcome == APS_DONE && made->account.id[0] != '\0';
    if (made->new_account)
        return work_undo(w, err);
    if (outcome != APS_NOT_DONE)
        undo_lost_account(w->client, w->p.run, entry->name, made, w->p.ending, err);
    provision_failed(&w->p, err);
    return false;
}

bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created,
                        struct ssa_ending *ending, struct ssa_error *err)
{
    ending = ending != NULL ? ending : ENDING_IGNORED;
    err = err != NULL ? err : ERROR_IGNORED;
    *created = (struct ssa_created){0};
    WORK_AUTO w = WORK_NONE;
    const struct provisioning what = {
        .operation = OP_ACCOUNT_CREATE, .with_secret = true, .without_key = without_key};
    if (!aps_check_account_name(first, last, err))
        return false;
    aps_doubt_account_name(first, last, &run->callbacks);
    if (!work_prepare(&w, run, output, &what, ending, err) || !aps_admin(w.client, create_scopes, err) ||
        !make_account(&w, first, last, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "account: %s (%s)", w.made.account.id, w.made.account.email);
    return (without_key || work_make_key(&w, err)) && finish(&w, created, err);
}

// Whether id and email are known without a request.
static bool is_known(const struct account_reference *reference, const char *named)
{
    return reference->own && (named == NULL || reference->email != NULL);
}

bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err)
{
    ending = ending != NULL ? ending : ENDING_IGNORED;
    err = err != NULL ? err : ERROR_IGNORED;
    *created = (struct ssa_created){0};
    struct account_reference reference;
    WORK_AUTO w = WORK_NONE;
    const struct provisioning what = {.operation = OP_KEY_CREATE, .with_secret = true};
    if (!account_choose(run, account, &reference, err) || !work_prepare(&w, run, output, &what, ending, err))
        return false;
    const bool known = is_known(&reference, account);
    if (!aps_admin(w.client, known ? key_scopes : key_and_account_scopes, err))
        return false;
    if (known ? !account_find(w.client, &reference, &w.made.account, err)
              : !account_look_up(w.client, reference.wanted, &w.made.account, err))
        return false;
    if (!work_claim(&w, err))
        return false;
    // An answer that is lost leaves a key whose id nobody knows, unless it is known which were there before.
    if (!aps_key_list(w.client, w.made.account.id, &w.made.before, err))
        return false;
    return work_make_key(&w, err) && finish(&w, created, err);
}
