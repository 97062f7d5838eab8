// key create: a new key for an existing account, on a PKCS#11 token, with a profile. Where a step fails, it is undone.

#include "manage/account_reference.h"
#include "manage/new_key.h"

static const char key_scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ;
static const char key_and_account_scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

// Whether id and email are known without a request.
static bool is_known(const struct account_reference *reference, const char *named)
{
    return reference->own && (named == NULL || reference->email != NULL);
}

// Writes the account into the journal. Asks the API where the id or the email is not known.
static bool claim_account(struct provision *p, const struct account_reference *reference, bool known,
                          struct ssa_error *err)
{
    struct aps_account account = {0};
    struct entry *entry = p->journal.entry;
    if (!aps_admin(p->open.client, known ? key_scopes : key_and_account_scopes, err))
        return false;
    if (known ? !account_find(p->open.client, reference, &account, err)
              : !aps_account_look_up(p->open.client, reference->wanted, &account, err))
        return false;
    memcpy(entry->account, account.id, sizeof entry->account);
    memcpy(entry->email, account.email, sizeof entry->email);
    return journal_claim(&p->journal, err);
}

static bool note_keys_before(struct provision *p, struct ssa_error *err)
{
    struct aps_keys keys;
    if (!aps_key_list(p->open.client, p->journal.entry->account, &keys, err))
        return false;
    new_key_note_before(p->journal.entry, &keys);
    return true;
}

bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    *created = (struct ssa_created){0};
    struct account_reference reference;
    PROVISION_AUTO *p = provision_new(run, output, ending, err);
    if (p == NULL)
        return false;
    const struct provisioning what = {.operation = OP_KEY_CREATE, .with_secret = true};
    if (!account_choose(run, account, &reference, err))
        return false;
    if (!new_key_prepare(p, &what, err))
        return false;
    if (!claim_account(p, &reference, is_known(&reference, account), err))
        return false;
    if (!note_keys_before(p, err))
        return false;
    if (!new_key_make(p, err))
        return false;
    return provision_profile(p, NULL, created, err);
}
