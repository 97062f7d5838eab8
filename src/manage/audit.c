#include "manage/audit.h"

#include "core/text.h"

bool audit_begin(struct journal *j, const struct ssa_run *run, enum operation operation, const char *account,
                 const char *kid, struct ssa_error *err)
{
    if (!journal_begin(j, run, operation, err))
        return false;
    // Ids that api_is_id took, and so fit.
    (void)text_format(j->entry->account, sizeof j->entry->account, "%s", account);
    (void)text_format(j->entry->kid, sizeof j->entry->kid, "%s", kid != NULL ? kid : "");
    return journal_step(j, STEP_ASKED, err);
}

bool audit_end(struct journal *j, bool done, const struct ssa_error *err)
{
    if (!done)
        (void)text_format(j->entry->note, sizeof j->entry->note, "%.300s", err->what);
    // Of a request whose answer never came nobody knows what it did.
    journal_close(j, done ? OUTCOME_DONE : err->code == SSA_NETWORK ? OUTCOME_UNKNOWN : OUTCOME_FAILED);
    return done;
}
