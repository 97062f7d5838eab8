// The journal: operations that were interrupted, and rotations that wait.
#include <errno.h>

#include "core/text.h"
#include "core/timestamp.h"
#include "doctor/examination.h"
#include "journal/journal.h"
#include "journal/journal_folder.h"

static const char check[] = "journal";

// Hears what the journal says of entries that it passes over. The rest goes to the caller.
struct listener {
    const struct ssa_callbacks *caller;
    size_t passed_over;
    struct ssa_error first;
};

static void take_notice(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    struct listener *l = context;
    if (level != SSA_WARNING || l->passed_over++ > 0)
        return;
    error_set(&l->first, SSA_CONFIG, NULL, NULL, "%s", notice->text);
    error_reason(&l->first, notice->reason, "%s", notice->detail);
}

static bool is_interrupted(void *context)
{
    const struct listener *l = context;
    return l->caller->interrupted != NULL && l->caller->interrupted(l->caller->context);
}

// An operation that is over may be put away now.
static void pass_on(void *context, const struct ssa_event *event)
{
    const struct listener *l = context;
    if (l->caller->recorded != NULL)
        l->caller->recorded(l->caller->context, event);
}

static void interrupted(struct examination *x, const struct entry *e)
{
    struct ssa_error why = {0};
    const bool ours = x->has_settings && journal_entry_is_ours(e, x->run.settings);
    error_set(&why, SSA_CONFIG, NULL, entry_subject(e), "an earlier `%s` was interrupted, and may have left something",
              entry_operation_name(e->operation));
    error_reason(&why, SSA_REASON_INTERRUPTED, NULL);
    if (ours) {
        finding_failure(&x->found, check, &why);
        return;
    }
    error_set(&why, SSA_CONFIG, NULL, entry_subject(e), "an earlier `%s` of client id %s at %s was interrupted",
              entry_operation_name(e->operation), e->client_id, e->base_url);
    error_hint(&why, "With that client id and server, it can be finished or undone.");
    finding_warning(&x->found, check, &why);
}

static void waiting(struct examination *x, const struct entry *e)
{
    char when[TIMESTAMP_TEXT_MAX];
    struct ssa_error why = {0};
    const bool is_due = e->retire_at != 0 && e->retire_at <= time(NULL);
    if (!is_due) {
        const bool known = e->retire_at != 0 && timestamp_write(e->retire_at, when);
        finding_ok(&x->found, check, entry_subject(e), "a rotation keeps its old key%s%s", known ? " until " : "",
                   known ? when : "");
        return;
    }
    error_because(&why, SSA_CONFIG, SSA_REASON_ROTATION_WAITS, entry_subject(e),
                  "the time is over for which a rotation keeps its old key, %s", e->old_kid);
    finding_warning(&x->found, check, &why);
}

static bool visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct examination *x = context;
    (void)err;
    if (standing == INTERRUPTED)
        interrupted(x, j->entry);
    else if (standing == WAITING)
        waiting(x, j->entry);
    else
        finding_ok(&x->found, check, NULL, "another process is at work on an operation now");
    return true;
}

void check_journal(struct examination *x)
{
    struct ssa_run run = x->run;
    struct listener listener = {.caller = &x->run.callbacks};
    struct ssa_error why = {0};
    run.callbacks = (struct ssa_callbacks){
        .context = &listener, .tell = take_notice, .interrupted = is_interrupted, .recorded = pass_on};
    errno = 0;
    if ((journal_may_hold_any() || errno == EACCES) && !journal_each_open(&run, visit, x, NULL, &why))
        finding_failure(&x->found, check, &why);
    if (listener.passed_over > 0)
        finding_failure(&x->found, check, &listener.first);
    if (findings_of(&x->found, check) == SSA_HEALTH_SKIPPED)
        finding_ok(&x->found, check, NULL, "no operation is open");
}
