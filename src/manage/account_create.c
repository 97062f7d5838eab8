// account create: a new account, with its key on a PKCS#11 token and a profile. Where a step fails, it is undone.

#include "core/callback.h"
#include "manage/new_key.h"
#include "ownership/ownership.h"

static const char scopes[] = APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ " " APS_SCOPE_KEY_WRITE;

// The name is in the journal before the request is sent.
static bool write_name(struct provision *p, const char *first, const char *last, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (!aps_account_name(first, last, entry->name))
        return error_set(err, SSA_USAGE, NULL, first, "the account's name is too long");
    if (!journal_claim(&p->journal, err))
        return false;
    entry->asked = (struct window){.from = oauth_server_time(p->open.client)};
    entry->account_asked = entry->asked.from;
    return journal_step(&p->journal, STEP_ACCOUNT_ASKED, err);
}

static bool ask(struct provision *p, const char *first, const char *last, struct ssa_error *err)
{
    struct aps_account account = {0};
    struct entry *entry = p->journal.entry;
    const bool made = aps_account_create(p->open.client, first, last, &account, &p->asked, err);
    if (made)
        p->asked = OAUTH_DONE;
    else
        entry->asked.until = oauth_server_time(p->open.client);
    // A faulty answer may still have the id: then it is known which account was made.
    if (p->asked == OAUTH_DONE) {
        memcpy(entry->account, account.id, sizeof entry->account);
        memcpy(entry->email, account.email, sizeof entry->email);
    }
    return made && ownership_is_new(p->open.run, entry, "account", account.id, err) &&
           journal_step(&p->journal, STEP_ACCOUNT_MADE, err);
}

bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created, struct ssa_ending *ending,
                        struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    *created = (struct ssa_created){0};
    PROVISION_AUTO *p = provision_new(run, output, ending, err);
    if (p == NULL)
        return false;
    const struct provisioning what = {.operation = OP_ACCOUNT_CREATE, .with_secret = true, .without_key = without_key};
    if (!aps_check_account_name(first, last, err))
        return false;
    aps_doubt_account_name(first, last, &run->callbacks);
    if (!new_key_prepare(p, &what, err))
        return false;
    if (!aps_admin(p->open.client, scopes, err))
        return false;
    if (!write_name(p, first, last, err))
        return false;
    if (!ask(p, first, last, err))
        return provision_undo(p, err);
    tell(&run->callbacks, SSA_DETAIL, "account: %s (%s)", p->journal.entry->account, p->journal.entry->email);
    if (!without_key && !new_key_make(p, err))
        return false;
    return provision_profile(p, NULL, created, err);
}
