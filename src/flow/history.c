// The audit trail, as the library hands it out.
#include "flow/journal.h"

#include "flow/journal_files.h"

struct showing {
    void (*show)(void *context, const struct ssa_event *event);
    void *context;
};

static struct ssa_time time_of(time_t at)
{
    return (struct ssa_time){.known = at != 0, .seconds = at};
}

static bool visit(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    const struct showing *s = context;
    (void)err;
    const struct ssa_event event = {.id = id,
                                    .sequence = e->sequence,
                                    .previous = e->previous,
                                    .operation = operation_name(e->operation),
                                    .outcome = outcome_name(e->outcome),
                                    .import = e->import,
                                    .started = time_of(e->started),
                                    .ended = time_of(e->ended),
                                    .uid = e->uid,
                                    .client_id = e->client_id,
                                    .base_url = e->base_url,
                                    .account = e->account,
                                    .email = e->email,
                                    .key_id = e->kid,
                                    .old_key_id = e->old_kid,
                                    .token = e->token,
                                    .key_uri = e->key_uri,
                                    .profile = e->profile,
                                    .note = e->note};
    s->show(s->context, &event);
    return true;
}

bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event),
                 void *context, struct ssa_error *err)
{
    struct showing s = {.show = show, .context = context};
    return history_each(run, visit, &s, err);
}

// One entry of the chain: its number follows, and it names the hash of the one before.
static bool check_link(const char *name, long long number, const char *before, struct ssa_error *err)
{
    struct entry entry;
    const long long found = journal_number(name);
    if (found != number)
        return error_set(err, SSA_CONFIG, NULL, name,
                         found == 0 ? "is no entry of the history" : "entry %lld of the history is missing",
                         number);
    if (!journal_read_closed(name, &entry, err))
        return false;
    if (entry.sequence != number)
        return error_set(err, SSA_CONFIG, NULL, name, "the entry says that it is another (%lld)",
                         entry.sequence);
    return strcmp(entry.previous, before) == 0 ||
           error_set(err, SSA_CONFIG, NULL, name, "the entry before this one was changed");
}

bool ssa_history_verify(const struct ssa_run *run, struct ssa_chain *chain, struct ssa_error *err)
{
    struct journal_names names;
    (void)run;
    *chain = (struct ssa_chain){0};
    bool ok = journal_list(JOURNAL_CLOSED, &names, err);
    for (size_t i = 0; ok && i < names.count; i++) {
        const char *name = names.list[i]->d_name;
        ok = check_link(name, (long long)i + 1, chain->last, err) &&
             journal_hash_closed(name, chain->last, err);
        chain->count += ok ? 1 : 0;
    }
    journal_names_free(&names);
    return ok;
}
