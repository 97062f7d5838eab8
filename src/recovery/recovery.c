#include "recovery/recovery.h"

#include "core/callback.h"

static enum ssa_end end_of(enum outcome outcome)
{
    if (outcome == OUTCOME_UNDONE)
        return SSA_END_UNDONE;
    return outcome == OUTCOME_LEFT ? SSA_END_LEFT : SSA_END_PLAIN;
}

void recovery_note(const struct recovery *r, struct journal *j, enum ssa_reason reason, const char *line)
{
    if (r->known != NULL) {
        (void)ending_add(r->ending, SSA_END_PLAIN, reason, NULL, NULL, "%s", line);
        return;
    }
    entry_note(j->entry, line);
    tell_reason(&r->open->run->callbacks, SSA_NOTICE, reason, NULL, "`%s` of %s: %s",
                entry_operation_name(j->entry->operation), entry_subject(j->entry), line);
}

bool recovery_close(const struct recovery *r, struct journal *j, enum outcome outcome, const char *line)
{
    // A person who waits for the command was told about its parts already.
    if (r->known == NULL || r->ending->count == 0)
        recovery_note(r, j, SSA_REASON_NONE, line);
    if (r->stays_open)
        return false;
    if (end_of(outcome) > r->ending->how)
        r->ending->how = end_of(outcome);
    journal_close(j, outcome);
    return true;
}
