#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/text.h"
#include "journal/closed_entry.h"
#include "journal/event.h"
#include "journal/profile_draft.h"

enum { RANDOM_BYTES = 4 };

bool journal_entry_is_ours(const struct entry *entry, const struct ssa_settings *settings)
{
    const char *client = settings_get(settings, SET_CLIENT_ID, NULL);
    return client != NULL && strcmp(entry->client_id, client) == 0 &&
           strcmp(entry->base_url, settings_base_url(settings)) == 0;
}

// Sorts by time; two of one microsecond differ by chance.
static bool make_id(char id[static JOURNAL_ID_MAX], const struct timespec *now, struct ssa_error *err)
{
    uint8_t random[RANDOM_BYTES];
    struct tm tm;
    const size_t len = gmtime_r(&now->tv_sec, &tm) == NULL ? 0 : strftime(id, JOURNAL_ID_MAX, "%Y%m%dT%H%M%S", &tm);
    return (len > 0 && RAND_bytes(random, sizeof random) == 1 &&
            text_format(id + len, JOURNAL_ID_MAX - len, ".%06ldZ-%02x%02x%02x%02x", now->tv_nsec / 1000, random[0],
                        random[1], random[2], random[3])) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "no name for the journal's entry");
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
        return error_set(err, SSA_CONFIG, NULL, NULL, "client id or base URL is too long");
    if (!make_id(j->id, &now, err))
        return false;
    memcpy(j->entry->id, j->id, sizeof j->entry->id);
    const int lock = journal_lock(&run->callbacks, true, err);
    if (lock < 0)
        return false;
    // Under the lock: nobody takes it for one that was left.
    const bool made = journal_create(j, err) && journal_write(j, err);
    (void)close(lock);
    if (!made)
        journal_end(j);
    return made;
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

// Gives a closed entry its place in the chain and puts it away. Under the lock.
static bool put_away(struct journal *j, struct ssa_error *err)
{
    struct entry *e = j->entry;
    const long long had = e->sequence;
    char name[JOURNAL_NAME_MAX], hash[FINGERPRINT_TEXT], previous[FINGERPRINT_TEXT];
    memcpy(previous, e->previous, sizeof previous);
    if (!journal_next(&e->sequence, e->previous, err))
        return false;
    // One that has a place already was not moved there: another may have taken it meanwhile.
    const bool kept = had == e->sequence && strcmp(previous, e->previous) == 0;
    if ((!kept && !journal_write(j, err)) || !journal_seal(j->fd, e, j->written, name, hash, err))
        return false;
    // Before it is put away: whoever is killed in between says it twice, and not never.
    if (j->callbacks->recorded != NULL) {
        const struct ssa_event event = event_of(name, e, hash);
        callback_begin();
        j->callbacks->recorded(j->callbacks->context, &event);
        callback_end();
    }
    return journal_put_away(j->id, name, err);
}

// What is there of entries that need nobody: those of nothing go, and those that were closed and not put away
// are. Each that is closed is so before the next is, which follows on it. Under the lock.
static void tidy(const struct ssa_callbacks *callbacks, const struct journal_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        JOURNAL_AUTO j = {.fd = -1, .callbacks = callbacks};
        if (journal_open(&j, names->list[i]->d_name, ERROR_IGNORED) != FOUND_ENTRY || j.fd < 0)
            continue;
        if (j.entry->step == STEP_BEGUN)
            (void)!profile_draft_remove(j.entry, ERROR_IGNORED);
        // Where it cannot be put away, the next who looks tries again.
        if (j.entry->step == STEP_CLOSED)
            (void)put_away(&j, ERROR_IGNORED);
    }
}

// Lists the open entries, tidied. Gives the lock, for the caller to close, or -1 with err filled.
static int list_locked(const struct ssa_callbacks *callbacks, bool patient, struct journal_names *names,
                       struct ssa_error *err)
{
    *names = (struct journal_names){0};
    const int lock = journal_lock(callbacks, patient, err);
    if (lock < 0)
        return -1;
    if (journal_list(JOURNAL_OPEN, names, err)) {
        tidy(callbacks, names);
        return lock;
    }
    (void)close(lock);
    return -1;
}

static bool close_locked(struct journal *j, struct ssa_error *err)
{
    struct journal_names names;
    const int lock = list_locked(j->callbacks, true, &names, err);
    if (lock < 0)
        return false;
    const bool away = put_away(j, err);
    journal_names_free(&names);
    (void)close(lock);
    return away;
}

void journal_close(struct journal *j, enum outcome outcome)
{
    struct ssa_error err = {0};
    j->entry->outcome = outcome;
    j->entry->ended = time(NULL);
    if (j->fd < 0)
        return;
    // Closed first: where it cannot be put away now, the next who looks does it.
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
                      void *context, struct ssa_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < names->count; i++) {
        JOURNAL_AUTO j = {.fd = -1, .callbacks = callbacks};
        struct ssa_error why = {0};
        const enum journal_found found = journal_open(&j, names->list[i]->d_name, &why);
        if (found == FOUND_STRAY || found == FOUND_UNKNOWN)
            tell_passed_over(callbacks, &why);
        const bool settled = j.fd >= 0 && (j.entry->step == STEP_BEGUN || j.entry->step == STEP_CLOSED);
        if (found == FOUND_ENTRY && !settled)
            ok = visit(context, &j, standing_of(&j), err);
    }
    return ok;
}

// With the folder locked until the end: what is seen stays so, and nobody else meets an entry that is looked
// at.
static bool each_open_locked(const struct ssa_callbacks *callbacks, bool patient, journal_visit *visit, void *context,
                             struct ssa_error *err)
{
    struct journal_names names;
    const int lock = list_locked(callbacks, patient, &names, err);
    if (lock < 0)
        return false;
    const bool ok = each_open(callbacks, &names, visit, context, err);
    journal_names_free(&names);
    (void)close(lock);
    return ok;
}

bool journal_each_open(const struct ssa_run *run, journal_visit *visit, void *context, struct ssa_error *err)
{
    struct journal_names names;
    const int lock = list_locked(&run->callbacks, true, &names, err);
    if (lock < 0)
        return false;
    // visit may take its time over one: that stays locked alone.
    (void)close(lock);
    const bool ok = each_open(&run->callbacks, &names, visit, context, err);
    journal_names_free(&names);
    return ok;
}

static bool forget_one(const struct ssa_callbacks *callbacks, const char *name, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!journal_forget(name, path, err))
        return false;
    tell(callbacks, SSA_NOTICE, "%s cannot be understood; it is put away as it is: %s", name, path);
    return true;
}

bool journal_count_unknown(const struct ssa_run *run, bool forget, size_t *count, struct ssa_error *err)
{
    struct journal_names names;
    *count = 0;
    const int lock = list_locked(&run->callbacks, true, &names, err);
    if (lock < 0)
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < names.count; i++) {
        JOURNAL_AUTO j = {.fd = -1, .callbacks = &run->callbacks};
        const char *name = names.list[i]->d_name;
        if (journal_open(&j, name, ERROR_IGNORED) != FOUND_UNKNOWN)
            continue;
        ++*count;
        ok = !forget || forget_one(&run->callbacks, name, err);
    }
    journal_names_free(&names);
    (void)close(lock);
    return ok;
}

// One that this process holds is its own.
struct claim {
    const struct journal *mine;
};

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
    const struct claim *claim = context;
    const struct entry *mine = claim->mine->entry;
    if (strcmp(j->id, claim->mine->id) == 0 || standing == WAITING || !same_work(j->entry, mine))
        return true;
    const char *subject = entry_subject(mine);
    if (standing == IN_USE) {
        error_set(err, SSA_CONFIG, NULL, subject, "another `%s` (process %lld) is at work on %s",
                  entry_operation_name(j->entry->operation), j->entry->pid,
                  entry_is_about_secret(mine) ? "this secret" : "this account");
        return error_hint(err, "Run this again when it has ended.");
    }
    error_set(err, SSA_CONFIG, NULL, subject, "an earlier `%s` was interrupted, and something of it may be left",
              entry_operation_name(j->entry->operation));
    return error_reason(err, SSA_REASON_EARLIER_OPERATION, NULL);
}

bool journal_claim(struct journal *j, struct ssa_error *err)
{
    struct journal_names names;
    struct claim claim = {.mine = j};
    const int lock = list_locked(j->callbacks, true, &names, err);
    if (lock < 0)
        return false;
    // Looked and written under one lock: of two that claim at once, one wins.
    const bool ok = each_open(j->callbacks, &names, refuse_same, &claim, err) && journal_write(j, err);
    journal_names_free(&names);
    (void)close(lock);
    return ok;
}

static bool warn(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    const struct ssa_run *run = context;
    (void)err;
    if (standing == INTERRUPTED && journal_entry_is_ours(j->entry, run->settings))
        tell_reason(&run->callbacks, SSA_WARNING, SSA_REASON_INTERRUPTED, NULL,
                    "an earlier `%s` (%s) was interrupted, and something of it may be left",
                    entry_operation_name(j->entry->operation), entry_subject(j->entry));
    return true;
}

void journal_warn(const struct ssa_run *run)
{
    struct ssa_run copy = *run;
    struct ssa_error why = {0};
    // One that is at work with the journal is no reason to say anything.
    if (journal_may_hold_any() && !each_open_locked(&run->callbacks, false, warn, &copy, &why) && why.hint[0] != '\0')
        tell(&run->callbacks, SSA_WARNING, "it cannot be seen whether an earlier operation was interrupted: %s: %s. %s",
             why.subject, why.what, why.hint);
}
