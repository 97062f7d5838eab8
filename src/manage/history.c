// history: the audit trail.

#include "journal/closed_entry.h"

struct showing {
    void (*show)(void *context, const struct ssa_event *event);
    void *context;
};

static bool visit(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    const struct showing *s = context;
    (void)err;
    char sha256[FINGERPRINT_TEXT];
    // journal_each_closed has warned of a file that cannot be read.
    if (!journal_hash_closed(id, sha256, ERROR_IGNORED))
        sha256[0] = '\0';
    const struct ssa_event event = event_of(id, e, sha256);
    s->show(s->context, &event);
    return true;
}

bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event), void *context,
                 struct ssa_error *err)
{
    struct showing s = {.show = show, .context = context};
    err = ERROR_OR_IGNORED(err);
    return journal_each_closed(run, visit, &s, err);
}

// Whether the name has this number.
static bool check_number(const char *name, long long number, struct ssa_error *err)
{
    const long long found = journal_number(name);
    if (found == number)
        return true;
    if (found == 0)
        return error_set(err, SSA_CONFIG, NULL, name, "is not an entry of the history");
    if (found < number)
        return error_set(err, SSA_CONFIG, NULL, name, "has the number of another entry");
    return error_set(err, SSA_CONFIG, NULL, name, "entry %lld of the history is missing", number);
}

// Checks one entry of the chain: its name, its number, and that it has the hash of the entry before.
static bool check_link(const char *name, long long number, const char *before, const char *hash, struct ssa_error *err)
{
    ENTRY_AUTO *entry = entry_new(err);
    char own[JOURNAL_NAME_MAX];
    if (entry == NULL || !check_number(name, number, err) || !journal_read_closed(name, entry, err))
        return false;
    // Entries of earlier versions have no id.
    if (entry->sequence != number || (entry->id[0] != '\0' && (!journal_name(entry, own) || strcmp(own, name) != 0)))
        return error_set(err, SSA_CONFIG, NULL, name, "the entry says that it is another entry (%lld-%s)",
                         entry->sequence, entry->id);
    return strcmp(entry->previous, hash) == 0 ||
           error_set(err, SSA_CONFIG, NULL, before, "was changed, or %s was changed, which comes after it", name);
}

bool ssa_history_verify(const struct ssa_run *run, struct ssa_chain *chain, struct ssa_error *err)
{
    struct journal_names names;
    (void)run;
    err = ERROR_OR_IGNORED(err);
    *chain = (struct ssa_chain){0};
    bool ok = journal_list(JOURNAL_CLOSED, &names, err);
    for (size_t i = 0; ok && i < names.count; i++) {
        const char *name = names.list[i]->d_name;
        const char *before = i > 0 ? names.list[i - 1]->d_name : "the beginning of the history";
        ok =
            check_link(name, (long long)i + 1, before, chain->last, err) && journal_hash_closed(name, chain->last, err);
        chain->count += ok ? 1 : 0;
    }
    journal_names_free(&names);
    return ok;
}
