// Enabling and disabling. The API answers 400 to the status that something has already, as to much else:
// mostly only a look tells.
#include <string.h>

#include "core/text.h"
#include "journal/audit.h"
#include "manage/account_reference.h"
#include "signer/api_client.h"

static const char account_scopes[] = APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ;
static const char key_scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

static bool set_account(struct aps *client, const char *id, const char *status, struct aps_account *found,
                        bool *changed, struct ssa_error *err)
{
    struct ssa_error why = {0};
    enum aps_outcome outcome;
    *changed = true;
    if (aps_account_set_status(client, id, status, found, &outcome, &why))
        return true;
    // It may be our own first try, whose answer was lost, that made it so.
    *changed = outcome == APS_MAYBE_DONE;
    const bool unclear = aps_is_unclear(&why, 400);
    if (unclear && aps_account_get(client, id, found, NULL) && strcmp(found->status, status) == 0)
        return true;
    if (unclear && found->status[0] != '\0')
        error_hint(&why, "It is %s, and stays so.", found->status);
    if (err != NULL)
        *err = why;
    return false;
}

bool ssa_account_enable(const struct ssa_run *run, const char *account, bool enable,
                        struct ssa_account *after, bool *changed, struct ssa_error *err)
{
    const char *status = enable ? APS_ENABLED : APS_DISABLED;
    struct subject subject;
    struct aps_account found = {0};
    APS_AUTO *client = NULL;
    *changed = false;
    if (!subject_choose(run, account, &subject, err) || !manage_begin(run, account_scopes, &client, err) ||
        !subject_find(client, &subject, &found, err))
        return false;
    char id[APS_ID_MAX];
    memcpy(id, found.id, sizeof id);
    // The list that an email was looked up in has told the status already.
    JOURNAL_AUTO audit = {.fd = -1};
    if (strcmp(found.status, status) != 0 &&
        (!audit_begin(&audit, run, enable ? OP_ACCOUNT_ENABLE : OP_ACCOUNT_DISABLE, id, NULL, err) ||
         !audit_end(&audit, set_account(client, id, status, &found, changed, err), err)))
        return false;
    account_take(run, &found, after);
    return true;
}

static bool has_status(struct aps *client, const char *account, const char *key_id, const char *status)
{
    struct aps_keys keys;
    if (!aps_key_list(client, account, &keys, NULL))
        return false;
    for (size_t i = 0; i < keys.count; i++)
        if (strcmp(keys.list[i].kid, key_id) == 0)
            return strcmp(keys.list[i].status, status) == 0;
    return false;
}

bool ssa_key_enable(const struct ssa_run *run, const char *account, const char *key_id, bool enable,
                    bool *changed, struct ssa_error *err)
{
    const char *status = enable ? APS_ENABLED : APS_DISABLED;
    struct subject subject;
    struct aps_account found = {0};
    struct ssa_error why = {0};
    APS_AUTO *client = NULL;
    *changed = false;
    if (!aps_is_id(key_id))
        return error_set(err, SSA_USAGE, NULL, key_id, "can be no key's id");
    if (!subject_choose(run, account, &subject, err) || !manage_begin(run, key_scopes, &client, err) ||
        !subject_find(client, &subject, &found, err))
        return false;
    enum aps_outcome outcome;
    JOURNAL_AUTO audit = {.fd = -1};
    if (!audit_begin(&audit, run, enable ? OP_KEY_ENABLE : OP_KEY_DISABLE, found.id, key_id, err))
        return false;
    const bool set = aps_key_set_status(client, found.id, key_id, status, &outcome, &why);
    *changed = set || outcome == APS_MAYBE_DONE;
    if (audit_end(&audit, set || (aps_is_unclear(&why, 400) && has_status(client, found.id, key_id, status)),
                  &why))
        return true;
    aps_explain_keys(client, found.id, false, &why);
    if (err != NULL)
        *err = why;
    return false;
}
