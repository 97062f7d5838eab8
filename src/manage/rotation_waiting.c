#include "manage/rotation_waiting.h"

#include <string.h>
#include <time.h>

#include "config/identity.h"
#include "core/text.h"
#include "core/timestamp.h"
#include "recovery/key_retire.h"
#include "recovery/opened.h"

static bool grace_is_over(const struct entry *e)
{
    return e->retire_at == 0 || e->retire_at <= time(NULL);
}

static bool still_graced(const struct entry *e, struct ssa_error *err)
{
    char until[TIMESTAMP_TEXT_MAX];
    if (!timestamp_write(e->retire_at, until))
        until[0] = '\0';
    error_set(err, SSA_CONFIG, NULL, e->old_kid, "the old key must work until %s", until);
    return error_reason(err, SSA_REASON_OLD_KEY_SERVES, NULL);
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
    if (!w->at_once && !grace_is_over(e))
        return still_graced(e, err);
    OPENED_AUTO open = {.run = w->run};
    return opened_client(&open, err) && key_retire(w->run, open.client, j, &open.to, w->ending, err);
}

bool rotation_find_waiting(struct waiting *waiting, struct ssa_error *err)
{
    return journal_each_open(waiting->run, visit_waiting, waiting, NULL, err);
}

static bool none_waits(const char *account, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, account, "no rotation of this account waits to be finished on this host");
    return error_reason(err, SSA_REASON_NO_ROTATION_WAITS, NULL);
}

bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128], struct ssa_ending *ending,
                         struct ssa_error *err)
{
    struct identity identity;
    const char *client_id = NULL;
    err = ERROR_OR_IGNORED(err);
    if (!client_id_read(run, &client_id, err) || !identity_read(run->settings, true, &identity, err))
        return false;
    struct waiting w = {
        .run = run, .account = identity.account_id, .at_once = at_once, .retires = true, .ending = ending};
    if (!rotation_find_waiting(&w, err))
        return false;
    return (w.found || none_waits(identity.account_id, err)) &&
           (text_format(old_key_id, 128, "%s", w.old_kid) ||
            error_set(err, SSA_UNEXPECTED, NULL, w.old_kid, "the key's id is too long"));
}
