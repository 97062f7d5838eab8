// What earlier runs have left: the client id, a client secret on a PKCS#11 token, and operations that were interrupted.
#include "journal/journal.h"
#include "core/callback.h"

#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "config/settings.h"
#include "core/text.h"

static bool is_of_server(const struct setup *s, const char *base_url)
{
    return strcmp(base_url, settings_base_url(s->settings)) == 0;
}

static bool visit_open(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct setup *s = context;
    (void)err;
    if (standing != INTERRUPTED || !is_of_server(s, j->entry->base_url))
        return true;
    (void)text_format(s->usual_client_id, sizeof s->usual_client_id, "%s", j->entry->client_id);
    return true;
}

static void visit_closed(void *context, const struct ssa_event *event)
{
    struct setup *s = context;
    if (is_of_server(s, event->base_url))
        (void)text_format(s->usual_client_id, sizeof s->usual_client_id, "%s", event->client_id);
}

// The client id of an operation that was interrupted is more likely meant than that of the last one.
bool setup_look_at_journal(struct setup *s, struct ssa_error *err)
{
    return ssa_history(&s->run, visit_closed, s, err) && journal_each_open(&s->run, visit_open, s, NULL, err);
}

static bool visit_ours(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct setup *s = context;
    (void)err;
    if (standing == INTERRUPTED && journal_entry_is_ours(j->entry, s->settings)) {
        s->interrupted++;
        print_note("`%s` of %s was interrupted", entry_operation_name(j->entry->operation), entry_subject(j->entry));
    }
    return true;
}

// A key that is complete at the API and on the PKCS#11 token gets its profile; all else is removed.
bool setup_recover(struct setup *s, struct ssa_error *err)
{
    static const struct ssa_recovery how = {.forget = false};
    size_t found = 0;
    if (!journal_each_open(&s->run, visit_ours, s, NULL, err))
        return false;
    if (s->interrupted == 0)
        return true;
    plain_say("what was interrupted is to be finished or undone first", WORDS("ssa-hsm", "key", "recover"));
    if (!callback_confirms(&s->run.callbacks, "Finish or undo it now?"))
        return setup_declined(err, "nothing was recovered");
    memory_begin(&s->memory);
    const bool done = ssa_recover(&s->run, &how, &found, s->invocation->ending, err);
    memory_end(&s->memory, done, err);
    return done && setup_read_profile(s, err);
}
