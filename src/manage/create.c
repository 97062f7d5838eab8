// The stories of a new account and a new key: asked of the API, put into the token, written down, or undone.
#include "core/tell.h"
#include "core/text.h"
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

// Which account: named by id or email, or the settings' own. Only a name that the settings do not know costs
// a request.
struct chosen {
    const char *wanted;
    struct identity known;
    bool is_known;
};

static bool choose_account(const struct ssa_run *run, const char *wanted, struct chosen *chosen,
                           struct ssa_error *err)
{
    const bool has = identity_read(run->settings, false, &chosen->known, wanted == NULL ? err : NULL);
    chosen->wanted = wanted;
    if (wanted == NULL)
        return chosen->is_known = has;
    const bool same = has && (strcmp(wanted, chosen->known.account_id) == 0 ||
                              (chosen->known.email != NULL && strcmp(wanted, chosen->known.email) == 0));
    chosen->is_known = same && chosen->known.email != NULL && chosen->known.email[0] != '\0';
    return true;
}

static bool resolve_account(struct aps *client, const struct chosen *chosen, struct aps_account *account,
                            struct ssa_error *err)
{
    if (chosen->is_known) {
        const char *email = chosen->known.email != NULL ? chosen->known.email : "";
        return (text_format(account->id, sizeof account->id, "%s", chosen->known.account_id) &&
                text_format(account->email, sizeof account->email, "%s", email)) ||
               error_set(err, SSA_CONFIG, NULL, "SERVICE_ACCOUNT_ID", "is too long");
    }
    return find_account(client, chosen->wanted, account, err);
}

bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err)
{
    ending = ending != NULL ? ending : ENDING_IGNORED;
    err = err != NULL ? err : ERROR_IGNORED;
    *created = (struct ssa_created){0};
    struct chosen chosen = {0};
    WORK_AUTO w = WORK_NONE;
    const struct provisioning what = {.operation = OP_KEY_CREATE, .with_secret = true};
    return choose_account(run, account, &chosen, err) && work_prepare(&w, run, output, &what, ending, err) &&
           aps_admin(w.client, chosen.is_known ? key_scopes : key_and_account_scopes, err) &&
           resolve_account(w.client, &chosen, &w.made.account, err) && work_claim(&w, err) &&
           // An answer that is lost leaves a key whose id nobody knows, unless it is known which were there
           // before.
           aps_key_list(w.client, w.made.account.id, &w.made.before, err) && work_make_key(&w, err) &&
           finish(&w, created, err);
}
