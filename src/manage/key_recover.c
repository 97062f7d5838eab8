// The story of what is left: each operation that did not come to its end is finished or undone.
#include "manage/key_recover.h"
#include "signer/api_client.h"

#include "core/tell.h"
#include "core/text.h"
#include "manage/profile_files.h"
#include "manage/recover_entry.h"

static void tell_left(const struct recovery *r, const struct entry *e, const struct ssa_error *why)
{
    struct ssa_error what = *why;
    char text[2 * SSA_ERROR_TEXT_MAX];
    what.hint[0] = '\0';
    ssa_error_text(&what, text, sizeof text);
    // A hint is a line of its own on a terminal; here it goes on.
    tell_reason(&r->run->callbacks, SSA_WARNING, why->reason, why->detail,
                "`%s` of %s is not settled: %s%s%s", operation_name(e->operation), entry_subject(e), text,
                why->hint[0] != '\0' ? ". " : "", why->hint);
    for (size_t i = 0; i < r->ending.count; i++)
        tell(&r->run->callbacks, SSA_WARNING, "%s", r->ending.lines[i].text);
}

static bool is_wanted(struct recovery *r, const struct journal *j, enum standing standing)
{
    const struct entry *e = j->entry;
    const struct ssa_callbacks *callbacks = &r->run->callbacks;
    if (standing == WAITING || (r->account != NULL && strcmp(r->account, e->account) != 0))
        return false;
    if (!entry_is_ours(e, r->run->settings)) {
        tell(callbacks, SSA_NOTICE,
             "`%s` of %s did not come to its end under another client id or server (%s, %s): run this with "
             "those",
             operation_name(e->operation), entry_subject(e), e->client_id, e->base_url);
        return false;
    }
    if (standing == IN_USE)
        tell(callbacks, SSA_NOTICE, "`%s` of %s is at work (process %lld)", operation_name(e->operation),
             entry_subject(e), e->pid);
    return standing == INTERRUPTED;
}

static bool visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct recovery *r = context;
    struct ssa_error why = {0};
    if (!go_on(&r->run->callbacks, err))
        return false;
    if (!is_wanted(r, j, standing))
        return true;
    r->ending = (struct ssa_ending){0};
    if (r->found++ == 0)
        profile_files_tell_strays(r->run);
    if (settle(r, j, &why))
        return true;
    if (r->forget) {
        tell_left(r, j->entry, &why);
        journal_close(j, OUTCOME_LEFT);
        tell(&r->run->callbacks, SSA_NOTICE, "it is forgotten, as --forget says");
        return true;
    }
    r->left++;
    tell_left(r, j->entry, &why);
    return true;
}

bool recover(struct recovery *r, struct ssa_error *err)
{
    return api_client_id(r->run, &r->client_id, err) && journal_each_open(r->run, visit, r, err);
}

bool ssa_recover(const struct ssa_run *run, const struct ssa_recovery *how, size_t *found,
                 struct ssa_ending *ending, struct ssa_error *err)
{
    ending = ending != NULL ? ending : ENDING_IGNORED;
    err = err != NULL ? err : ERROR_IGNORED;
    RECOVERY_AUTO r = {.run = run, .key_id = how->key_id, .forget = how->forget};
    *found = 0;
    if (how->key_id != NULL && !aps_is_id(how->key_id))
        return error_set(err, SSA_USAGE, NULL, how->key_id, "can be no key's id");
    size_t unknown = 0;
    // First: what is forgotten is not warned about.
    if (!journal_count_unknown(run, how->forget, &unknown, err) || !recover(&r, err))
        return false;
    r.left += how->forget ? 0 : unknown;
    *found = r.found += unknown;
    if (r.left == 0)
        return true;
    ending->how = SSA_END_LEFT;
    error_set(err, SSA_UNEXPECTED, NULL, NULL, "%zu of %zu operations could not be settled", r.left, r.found);
    return error_hint(
        err, "What stands in the way is said above: mend it and run this again. --forget gives up on "
             "what cannot be settled.");
}
