#include "journal/journal.h"

#include <openssl/rand.h>
#include <unistd.h>

#include "config/profile_write.h"
#include "core/callback.h"
#include "core/descriptor.h"
#include "core/text.h"
#include "journal/closed_entry.h"

enum { RANDOM_BYTES = 4 };

bool journal_entry_is_ours(const struct entry *entry, const struct ssa_settings *settings)
{
    const char *client = settings_get(settings, SET_CLIENT_ID, NULL);
    return client != NULL && strcmp(entry->client_id, client) == 0 &&
           strcmp(entry->base_url, settings_base_url(settings)) == 0;
}

// Ids sort by time. Two ids of one microsecond have different random digits.
static bool make_id(char id[static JOURNAL_ID_MAX], const struct timespec *now, struct ssa_error *err)
{
    uint8_t random[RANDOM_BYTES];
    struct tm tm;
    const size_t len = gmtime_r(&now->tv_sec, &tm) == NULL ? 0 : strftime(id, JOURNAL_ID_MAX, "%Y%m%dT%H%M%S", &tm);
    return (len > 0 && RAND_bytes(random, sizeof random) == 1 &&
            text_format(id + len, JOURNAL_ID_MAX - len, ".%06ldZ-%02x%02x%02x%02x", now->tv_nsec / 1000, random[0],
                        random[1], random[2], random[3])) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "no name can be made for the journal's entry");
}

bool journal_begin(struct journal *j, const struct ssa_run *run, enum operation operation, struct ssa_error *err)
{
    const char *client = settings_get(run->settings, SET_CLIENT_ID, NULL);
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *j = (struct journal){.fd = -1, .callbacks = &run->callbacks};
    j->entry = entry_new(err);
    if (j->entry == NULL)
        return false;
    j->entry->operation = operation;
    j->entry->started = now.tv_sec;
    j->entry->uid = getuid();
    j->entry->pid = getpid();
    if (!text_format(j->entry->client_id, sizeof j->entry->client_id, "%s", client != NULL ? client : "") ||
        !text_format(j->entry->base_url, sizeof j->entry->base_url, "%s", settings_base_url(run->settings)))
        return error_set(err, SSA_CONFIG, NULL, NULL, "the client id or the base URL is too long");
    if (!make_id(j->id, &now, err))
        return false;
    memcpy(j->entry->id, j->id, sizeof j->entry->id);
    DESCRIPTOR_AUTO lock = journal_lock(&run->callbacks, true, err);
    if (lock < 0)
        return false;
    // With the lock held, nobody takes the new entry for an interrupted one.
    if (journal_create(j, err) && journal_write(j, err))
        return true;
    journal_end(j);
    return false;
}

bool journal_step(struct journal *j, enum step step, struct ssa_error *err)
{
    const enum step before = j->entry->step;
    j->entry->step = step;
    if (journal_write(j, err))
        return true;
    j->entry->step = before;
    return false;
}

// Gives a closed entry its place in the chain, and moves it to the history. The caller has the lock.
static bool put_away(struct journal *j, struct ssa_error *err)
{
    struct entry *e = j->entry;
    const long long had = e->sequence;
    char name[JOURNAL_NAME_MAX], hash[FINGERPRINT_TEXT], previous[FINGERPRINT_TEXT];
    memcpy(previous, e->previous, sizeof previous);
    if (!journal_next(&e->sequence, e->previous, err))
        return false;
    // An earlier try may have given it a place without moving it there. Another entry may have that place now.
    const bool kept = had == e->sequence && strcmp(previous, e->previous) == 0;
    if ((!kept && !journal_write(j, err)) || !journal_seal(j->fd, e, j->written, name, hash, err))
        return false;
    // This comes before the move: where the process is killed in between, the entry is reported twice. Otherwise it
    // would never be.
    if (j->callbacks->recorded != NULL) {
        const struct ssa_event event = event_of(name, e, hash);
        callback_begin();
        j->callbacks->recorded(j->callbacks->context, &event);
        callback_end();
    }
    return journal_file_move(JOURNAL_OPEN, j->id, JOURNAL_CLOSED, name, err);
}

// Removes entries at STEP_BEGUN, and moves closed entries to the history, in the order of the chain. The caller has the
// lock.
static void tidy(const struct ssa_callbacks *callbacks, const struct journal_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        JOURNAL_AUTO j = {.fd = -1, .callbacks = callbacks};
        if (journal_open(&j, names->list[i]->d_name, ERROR_IGNORED) != FOUND_ENTRY || j.fd < 0)
            continue;
        if (j.entry->step == STEP_BEGUN)
            (void)!profile_draft_remove(j.entry->draft, ERROR_IGNORED);
        // Where the move fails, the next process that looks tries again.
        if (j.entry->step == STEP_CLOSED)
            (void)put_away(&j, ERROR_IGNORED);
    }
}

// The open entries, under the lock.
struct locked_list {
    struct journal_names names;
    int lock;
};

static void locked_list_end(struct locked_list *list)
{
    journal_names_free(&list->names);
    descriptor_close(&list->lock);
}
#define LOCKED_LIST_AUTO __attribute__((cleanup(locked_list_end))) struct locked_list

// Takes the lock, tidies and lists the open entries. *list has no lock before.
static bool list_locked(struct locked_list *list, const struct ssa_callbacks *callbacks, bool patient,
                        struct ssa_error *err)
{
    list->lock = journal_lock(callbacks, patient, err);
    if (list->lock < 0 || !journal_list(JOURNAL_OPEN, &list->names, err))
        return false;
    tidy(callbacks, &list->names);
    return true;
}

static bool close_locked(struct journal *j, struct ssa_error *err)
{
    LOCKED_LIST_AUTO list = {.lock = -1};
    return list_locked(&list, j->callbacks, true, err) && put_away(j, err);
}

void journal_close(struct journal *j, enum outcome outcome)
{
    struct ssa_error err = {0};
    j->entry->outcome = outcome;
    j->entry->ended = time(NULL);
    if (j->fd < 0)
        return;
    // It is closed first: where the move fails, the next process that looks does it.
    if (!journal_step(j, STEP_CLOSED, &err) || !close_locked(j, &err))
        tell(j->callbacks, SSA_WARNING, "the journal's entry %s cannot be closed: %s (%s)", j->id, err.what, err.cause);
    (void)close(j->fd);
    j->fd = -1;
}

void journal_end(struct journal *j)
{
    if (j->fd >= 0 && j->entry->step == STEP_BEGUN)
        journal_remove(j);
    if (j->fd >= 0)
        (void)close(j->fd);
    j->fd = -1;
    free(j->entry);
    j->entry = NULL;
}

static enum standing standing_of(const struct journal *j)
{
    if (j->fd < 0)
        return IN_USE;
    return j->entry->step == STEP_SWITCHED && !j->entry->retires_at_once ? WAITING : INTERRUPTED;
}

static void tell_passed_over(const struct ssa_callbacks *callbacks, const struct ssa_error *why)
{
    tell_reason(callbacks, SSA_WARNING, why->reason, why->detail, "%s: %s: it is left as it is%s%s", why->subject,
                why->what, why->hint[0] != '\0' ? ". " : "", why->hint);
}

static bool each_open(const struct ssa_callbacks *callbacks, const struct journal_names *names, journal_visit *visit,
                      void *context, size_t *skipped, struct ssa_error *err)
{
    bool ok = true;
    size_t uncounted = 0;
    skipped = skipped != NULL ? skipped : &uncounted;
    *skipped = 0;
    for (size_t i = 0; ok && i < names->count; i++) {
        JOURNAL_AUTO j = {.fd = -1, .callbacks = callbacks};
        struct ssa_error why = {0};
        const enum journal_found found = journal_open(&j, names->list[i]->d_name, &why);
        if (found == FOUND_STRAY || found == FOUND_UNKNOWN || found == FOUND_FAULT)
            tell_passed_over(callbacks, &why);
        *skipped += found == FOUND_UNKNOWN || found == FOUND_FAULT;
        const bool settled = j.fd >= 0 && (j.entry->step == STEP_BEGUN || j.entry->step == STEP_CLOSED);
        if (found == FOUND_ENTRY && !settled)
            ok = visit(context, &j, standing_of(&j), err);
    }
    return ok;
}

bool journal_each_open(const struct ssa_run *run, journal_visit *visit, void *context, size_t *skipped,
                       struct ssa_error *err)
{
    LOCKED_LIST_AUTO list = {.lock = -1};
    if (!list_locked(&list, &run->callbacks, true, err))
        return false;
    // visit may take long over one entry. Only that entry stays locked.
    (void)close(descriptor_keep(&list.lock));
    return each_open(&run->callbacks, &list.names, visit, context, skipped, err);
}

static bool forget_one(const struct ssa_callbacks *callbacks, const char *name, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!journal_forget(name, path, err))
        return false;
    tell(callbacks, SSA_NOTICE, "%s cannot be understood; it was moved, unchanged, to %s", name, path);
    return true;
}

bool journal_forget_unknown(const struct ssa_run *run, size_t *count, struct ssa_error *err)
{
    LOCKED_LIST_AUTO list = {.lock = -1};
    *count = 0;
    if (!list_locked(&list, &run->callbacks, true, err))
        return false;
    for (size_t i = 0; i < list.names.count; i++) {
        JOURNAL_AUTO j = {.fd = -1, .callbacks = &run->callbacks};
        const char *name = list.names.list[i]->d_name;
        if (journal_open(&j, name, ERROR_IGNORED) != FOUND_UNKNOWN)
            continue;
        if (!forget_one(&run->callbacks, name, err))
            return false;
        ++*count;
    }
    return true;
}

static bool same_work(const struct entry *a, const struct entry *b)
{
    if (strcmp(a->client_id, b->client_id) != 0 || strcmp(a->base_url, b->base_url) != 0)
        return false;
    if (entry_is_about_secret(a) || entry_is_about_secret(b))
        return entry_is_about_secret(a) && entry_is_about_secret(b) && strcmp(a->token, b->token) == 0 &&
               strcmp(a->label, b->label) == 0;
    if (a->account[0] != '\0' && b->account[0] != '\0')
        return strcmp(a->account, b->account) == 0;
    return a->name[0] != '\0' && strcmp(a->name, b->name) == 0;
}

static bool refuse_same(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    const struct journal *own = context;
    const struct entry *mine = own->entry;
    if (strcmp(j->id, own->id) == 0 || standing == WAITING || !same_work(j->entry, mine))
        return true;
    const char *subject = entry_subject(mine);
    if (standing == IN_USE) {
        error_set(err, SSA_CONFIG, NULL, subject, "another `%s` (process %lld) is at work on %s",
                  entry_operation_name(j->entry->operation), j->entry->pid,
                  entry_is_about_secret(mine) ? "this secret" : "this account");
        return error_hint(err, "Run this again when it has ended.");
    }
    return error_because(err, SSA_CONFIG, SSA_REASON_EARLIER_OPERATION, subject,
                         "an earlier `%s` was interrupted, and may have left something",
                         entry_operation_name(j->entry->operation));
}

bool journal_claim(struct journal *j, struct ssa_error *err)
{
    LOCKED_LIST_AUTO list = {.lock = -1};
    // It looks and writes under one lock: of two processes that claim at once, one fails.
    return list_locked(&list, j->callbacks, true, err) &&
           each_open(j->callbacks, &list.names, refuse_same, j, NULL, err) && journal_write(j, err);
}

static bool warn(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    const struct ssa_run *run = context;
    (void)err;
    if (standing == INTERRUPTED && journal_entry_is_ours(j->entry, run->settings))
        tell_reason(&run->callbacks, SSA_WARNING, SSA_REASON_INTERRUPTED, NULL,
                    "an earlier `%s` (%s) was interrupted, and may have left something",
                    entry_operation_name(j->entry->operation), entry_subject(j->entry));
    return true;
}

void journal_warn(const struct ssa_run *run)
{
    struct ssa_run copy = *run;
    struct ssa_error why = {0};
    LOCKED_LIST_AUTO list = {.lock = -1};
    if (!journal_may_hold_any())
        return;
    const bool seen = list_locked(&list, &run->callbacks, false, &why) &&
                      each_open(&run->callbacks, &list.names, warn, &copy, NULL, &why);
    // There is no hint, and no warning, where another process has locked the journal.
    if (!seen && why.hint[0] != '\0')
        tell(&run->callbacks, SSA_WARNING, "it is not known whether an earlier operation was interrupted: %s: %s. %s",
             why.subject, why.what, why.hint);
}
