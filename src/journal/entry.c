#include "journal/entry.h"

#include <errno.h>

#include "core/text.h"

static const char *const operations[OPERATION_COUNT] = {
    "account create", "account enable", "account disable", "account delete", "account provision",
    "key create",     "key import",     "key rotate",      "key enable",     "key disable",
    "key delete",     "key prune",      "secret import",   "secret remove",  "profile remove",
};
static const char *const steps[STEP_COUNT] = {
    "begun",    "rehearsing", "asked",    "account-asked", "account-made", "key-asked",
    "key-made", "imported",   "switched", "retiring",      "closed",
};
static const char *const outcomes[OUTCOME_COUNT] = {"open", "done", "undone", "failed", "left", "unknown"};

struct entry *entry_new(struct ssa_error *err)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the journal");
    return entry;
}

const char *entry_operation_name(enum operation operation)
{
    return operations[operation];
}

const char *entry_outcome_name(enum outcome outcome)
{
    return outcomes[outcome];
}

const char *entry_step_name(enum step step)
{
    return steps[step];
}

bool entry_is_about_secret(const struct entry *entry)
{
    return entry->operation == OP_SECRET_IMPORT || entry->operation == OP_SECRET_REMOVE;
}

const char *entry_subject(const struct entry *entry)
{
    const char *const subjects[] = {entry->account, entry->name, entry->label};
    for (size_t i = 0; i < COUNT(subjects); i++)
        if (subjects[i][0] != '\0')
            return subjects[i];
    return entry->token[0] != '\0' ? entry->token : entry->profile;
}

void entry_note(struct entry *entry, const char *line)
{
    text_harmless(entry->note, sizeof entry->note, span_text(line));
}

static struct ssa_time time_of(time_t at)
{
    return (struct ssa_time){.known = at != 0, .seconds = at};
}

struct ssa_event event_of(const char *id, const struct entry *e, const char *sha256)
{
    return (struct ssa_event){.id = id,
                              .sequence = e->sequence,
                              .previous = e->previous,
                              .sha256 = sha256,
                              .operation = entry_operation_name(e->operation),
                              .outcome = entry_outcome_name(e->outcome),
                              .import = e->import,
                              .started = time_of(e->started),
                              .ended = time_of(e->ended),
                              .uid = e->uid,
                              .client_id = e->client_id,
                              .base_url = e->base_url,
                              .account = e->account,
                              .email = e->email,
                              .project = e->project,
                              .key_id = e->kid,
                              .old_key_id = e->old_kid,
                              .token = e->token,
                              .key_uri = e->key_uri,
                              .profile = e->profile,
                              .note = e->note};
}
