#include "manage/key_recover.h"
#include "signer/client_secret.h"

#include "core/callback.h"
#include "ownership/profile_files.h"
#include "recovery/recovery.h"

static void tell_left(const struct recovery *r, const struct entry *e, const struct ssa_error *why)
{
    struct ssa_error what = *why;
    char text[2 * SSA_ERROR_TEXT_MAX];
    what.hint[0] = '\0';
    ssa_error_text(&what, text, sizeof text);
    // The hint is not a line of its own here.
    tell_reason(&r->open->run->callbacks, SSA_WARNING, why->reason, why->detail, "`%s` of %s is not settled: %s%s%s",
                entry_operation_name(e->operation), entry_subject(e), text, why->hint[0] != '\0' ? ". " : "",
                why->hint);
    for (size_t i = 0; i < r->ending->count; i++)
        tell(&r->open->run->callbacks, SSA_WARNING, "%s", r->ending->lines[i].text);
}

// Where the server is the same, the client id is all that must be named.
static void tell_of_others(const struct recovery *r, const struct entry *e)
{
    const struct ssa_run *run = r->open->run;
    if (api_is_id(e->client_id) && strcmp(e->base_url, settings_base_url(run->settings)) == 0)
        tell_reason(&run->callbacks, SSA_NOTICE, SSA_REASON_OTHER_CLIENT, e->client_id,
                    "`%s` of %s was interrupted with another client id", entry_operation_name(e->operation),
                    entry_subject(e));
    else
        tell(&run->callbacks, SSA_NOTICE,
             "`%s` of %s was interrupted with another client id or server (%s, %s): run this command with those",
             entry_operation_name(e->operation), entry_subject(e), e->client_id, e->base_url);
}

static bool is_wanted(struct recovery *r, const struct journal *j, enum standing standing)
{
    const struct entry *e = j->entry;
    const struct ssa_callbacks *callbacks = &r->open->run->callbacks;
    if (standing == WAITING || (r->account != NULL && strcmp(r->account, e->account) != 0))
        return false;
    if (r->imported != NULL && (e->operation != OP_KEY_IMPORT || strcmp(r->imported, e->kid) != 0))
        return false;
    if (!journal_entry_is_ours(e, r->open->run->settings)) {
        tell_of_others(r, e);
        return false;
    }
    if (standing == IN_USE)
        tell(callbacks, SSA_NOTICE, "`%s` of %s is at work (process %lld)", entry_operation_name(e->operation),
             entry_subject(e), e->pid);
    return standing == INTERRUPTED;
}

static bool visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct recovery *r = context;
    struct ssa_error why = {0};
    if (!callback_go_on(&r->open->run->callbacks, err))
        return false;
    if (!is_wanted(r, j, standing))
        return true;
    *r->ending = (struct ssa_ending){0};
    r->listed = r->stays_open = false;
    if (r->found++ == 0)
        profile_files_tell_strays(r->open->run);
    if (recover_entry(r, j, &why))
        return true;
    if (r->forget) {
        tell_left(r, j->entry, &why);
        journal_close(j, OUTCOME_LEFT);
        tell(&r->open->run->callbacks, SSA_NOTICE, "it is forgotten");
        return true;
    }
    r->left++;
    tell_left(r, j->entry, &why);
    return true;
}

bool key_recover_all(struct recovery *r, struct ssa_error *err)
{
    return client_id_read(r->open->run, &r->open->client_id, err) &&
           journal_each_open(r->open->run, visit, r, &r->skipped, err);
}

static bool settle_all(struct recovery *r, struct ssa_error *err)
{
    size_t forgotten = 0;
    // This comes first: then no warning is given of an entry that is forgotten.
    if (r->forget && !journal_forget_unknown(r->open->run, &forgotten, err))
        return false;
    if (!key_recover_all(r, err))
        return false;
    r->left += r->skipped;
    r->found += r->skipped + forgotten;
    return true;
}

bool ssa_recover(const struct ssa_run *run, const struct ssa_recovery *how, size_t *found, struct ssa_ending *ending,
                 struct ssa_error *err)
{
    OPENED_AUTO open = {.run = run};
    struct ssa_ending each = {0};
    struct recovery r = {.open = &open, .ending = &each, .key_id = how->key_id, .forget = how->forget};
    err = ERROR_OR_IGNORED(err);
    *found = 0;
    if (how->key_id != NULL && !api_is_id(how->key_id))
        return error_set(err, SSA_USAGE, NULL, how->key_id, "is not a valid key id");
    if (!settle_all(&r, err))
        return false;
    *found = r.found;
    if (r.left == 0)
        return true;
    if (ending != NULL)
        ending->how = SSA_END_LEFT;
    return error_because(err, SSA_UNEXPECTED, SSA_REASON_NOT_SETTLED, NULL,
                         "%zu of %zu operations could not be settled", r.left, r.found);
}
