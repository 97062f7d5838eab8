#include "agent/http/guests.h"

#include <stdlib.h>

#include "agent/callers/callers_file.h"
#include "core/shortage.h"
#include "core/text.h"

enum { LINE_MAX_BYTES = 1024 };

struct guests *guests_open(const char *path, void (*say)(void *context, enum ssa_level level, const char *line),
                           void *context, struct ssa_error *err)
{
    struct guests *guests = calloc(1, sizeof *guests);
    if (guests == NULL || pthread_mutex_init(&guests->mutex, NULL) != 0) {
        (void)error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for the callers");
        free(guests);
        return NULL;
    }
    guests->path = path;
    guests->tell = say;
    guests->context = context;
    return guests;
}

void guests_close(struct guests *guests)
{
    if (guests == NULL)
        return;
    callers_free(&guests->callers);
    (void)pthread_mutex_destroy(&guests->mutex);
    free(guests);
}

static OWN_FRAME void tell_failure(const struct guests *guests, const struct ssa_error *err)
{
    char line[LINE_MAX_BYTES];
    if (guests->tell != NULL &&
        text_format(line, sizeof line, "%s: %s; until it is mended, no caller may ask", guests->path, err->what))
        guests->tell(guests->context, SSA_WARNING, line);
}

// Reads the file again where it has changed. A file that cannot be read lets nobody in: whoever was removed from it
// must not come in again.
static void refresh(struct guests *guests)
{
    struct file_mark now;
    struct ssa_error err;
    if (guests->path == NULL)
        return;
    const bool there = file_mark_path(guests->path, &now);
    if (file_mark_same(&now, &guests->file))
        return;
    callers_free(&guests->callers);
    const bool failed = there && !callers_read(guests->path, &guests->callers, &err);
    if (!shortage_again(&guests->lacks, failed ? &err : NULL) && failed)
        tell_failure(guests, &err);
    guests->file = now;
    // For want of descriptors, it was not looked into: the next request tries again.
    if (guests->lacks)
        guests->file = (struct file_mark){0};
}

bool guests_by_secret(struct guests *guests, struct span id, struct span secret, struct caller_entry *entry,
                      bool *known)
{
    (void)pthread_mutex_lock(&guests->mutex);
    refresh(guests);
    const struct caller_entry *found = callers_by_id(&guests->callers, id);
    const bool right = caller_has_secret(found, secret);
    *known = found != NULL;
    if (found != NULL)
        *entry = *found;
    (void)pthread_mutex_unlock(&guests->mutex);
    return right;
}

bool guests_by_san(struct guests *guests, struct span san, struct caller_entry *entry)
{
    (void)pthread_mutex_lock(&guests->mutex);
    refresh(guests);
    const struct caller_entry *found = callers_by_san(&guests->callers, san);
    if (found != NULL)
        *entry = *found;
    (void)pthread_mutex_unlock(&guests->mutex);
    return found != NULL;
}

// The ledger of a caller. There are as many as there can be callers, so that one of somebody who was removed is there
// for a new one.
static struct guest_ledger *ledger_of(struct guests *guests, const char *name)
{
    struct guest_ledger *free_one = NULL;
    if (name == NULL)
        return &guests->strays;
    for (size_t i = 0; i < CALLERS_MAX; i++) {
        struct guest_ledger *one = &guests->ledgers[i];
        if (strcmp(one->name, name) == 0)
            return one;
        if (free_one == NULL && (one->name[0] == '\0' || callers_by_name(&guests->callers, one->name) == NULL))
            free_one = one;
    }
    if (free_one == NULL)
        return &guests->strays;
    *free_one = (struct guest_ledger){0};
    (void)text_format(free_one->name, sizeof free_one->name, "%s", name);
    return free_one;
}

static unsigned most_of(const char *name, enum guest_count what)
{
    static const unsigned most[GUEST_COUNTS] = {
        [GUEST_REQUESTS] = GUEST_REQUESTS_MAX, [GUEST_FORCED] = GUEST_FORCED_MAX, [GUEST_WRONG] = GUEST_WRONG_MAX};
    return name == NULL ? GUEST_STRAY_MAX : most[what];
}

bool guests_allow(struct guests *guests, const char *name, enum guest_count what, long long now_ms, long long *wait_ms)
{
    (void)pthread_mutex_lock(&guests->mutex);
    struct guest_ledger *ledger = ledger_of(guests, name);
    if (ledger->counts[what].count == 0 || now_ms - ledger->counts[what].begun_ms >= GUEST_PERIOD_MS) {
        ledger->counts[what].begun_ms = now_ms;
        ledger->counts[what].count = 0;
    }
    const bool allowed = ledger->counts[what].count < most_of(name, what);
    if (allowed)
        ledger->counts[what].count++;
    *wait_ms = ledger->counts[what].begun_ms + GUEST_PERIOD_MS - now_ms;
    (void)pthread_mutex_unlock(&guests->mutex);
    return allowed;
}

void guests_note(struct guests *guests, const char *name, bool handed_out)
{
    (void)pthread_mutex_lock(&guests->mutex);
    struct guest_ledger *ledger = ledger_of(guests, name);
    if (handed_out)
        ledger->handed_out++;
    else
        ledger->refused++;
    (void)pthread_mutex_unlock(&guests->mutex);
}
