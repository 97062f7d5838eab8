// profile remove: one profile's file, which no operation needs any more.
#include <unistd.h>

#include "config/identity.h"
#include "config/profile_destroy.h"
#include "core/text.h"
#include "journal/journal.h"

// The profile, by its own path and by the one that a link leads to.
struct removal {
    const struct ssa_run *run;
    char path[PATH_TEXT_MAX], resolved[PATH_TEXT_MAX];
    const char *own; // the id of this removal's entry; NULL for none
};

static bool is_named_by(const struct removal *r, const struct entry *e)
{
    return e->profile[0] != '\0' && (strcmp(e->profile, r->path) == 0 || strcmp(e->profile, r->resolved) == 0);
}

static bool refuse_named(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    const struct removal *r = context;
    const char *operation = entry_operation_name(j->entry->operation);
    if (!is_named_by(r, j->entry) || (r->own != NULL && strcmp(j->id, r->own) == 0))
        return true;
    if (standing == IN_USE) {
        error_set(err, SSA_CONFIG, NULL, r->path, "another `%s` (process %lld) uses the profile", operation,
                  j->entry->pid);
        return error_hint(err, "Run this again when it has ended.");
    }
    if (standing == WAITING)
        return error_because(err, SSA_CONFIG, SSA_REASON_PROFILE_AWAITED, r->path,
                             "a rotation still needs the profile: its old key is not retired yet");
    if (j->entry->operation != OP_PROFILE_REMOVE)
        return error_because(err, SSA_CONFIG, SSA_REASON_EARLIER_OPERATION, r->path,
                             "an earlier `%s` was interrupted, and needs the profile", operation);
    // An earlier removal of this profile, which this one repeats.
    entry_note(j->entry, "it was interrupted");
    journal_close(j, OUTCOME_UNKNOWN);
    return true;
}

static bool find(struct removal *r, const struct ssa_run *run, const char *name, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    *r = (struct removal){.run = run};
    return path_profile(name, path, err) && path_of_name(path, r->path, err) && path_resolved(path, r->resolved, err);
}

static bool check(struct removal *r, struct ssa_error *err)
{
    return journal_each_open(r->run, refuse_named, r, NULL, err);
}

bool ssa_profile_remove_check(const struct ssa_run *run, const char *name, struct ssa_error *err)
{
    struct removal r;
    err = ERROR_OR_IGNORED(err);
    return find(&r, run, name, err) && check(&r, err);
}

// A text that does not fit, or is no id, is left out: the profile may be damaged.
static void copy_id(char to[static API_ID_MAX], const char *id)
{
    if (id == NULL || !api_is_id(id) || !text_format(to, API_ID_MAX, "%s", id))
        to[0] = '\0';
}

static bool begin(struct journal *j, const struct removal *r, struct ssa_error *err)
{
    const struct ssa_settings *s = r->run->settings;
    if (!journal_begin(j, r->run, OP_PROFILE_REMOVE, err))
        return false;
    copy_id(j->entry->account, settings_from(s, FROM_PROFILE, SET_ACCOUNT_ID));
    copy_id(j->entry->kid, settings_from(s, FROM_PROFILE, SET_KEY_ID));
    if (!text_format(j->entry->profile, sizeof j->entry->profile, "%s", r->path))
        return error_set(err, SSA_CONFIG, NULL, r->path, "the path is too long for the journal");
    // Another operation on the same account may be about to write this profile.
    return journal_claim(j, err);
}

bool ssa_profile_remove(const struct ssa_run *run, const char *name, struct ssa_error *err)
{
    struct removal r;
    JOURNAL_AUTO j = {.fd = -1};
    err = ERROR_OR_IGNORED(err);
    if (!find(&r, run, name, err) || !check(&r, err))
        return false;
    // The journal is about what is done for a client id.
    if (!text_present(settings_get(run->settings, SET_CLIENT_ID, NULL)))
        return profile_destroy(r.path, &run->callbacks, err);
    if (!begin(&j, &r, err))
        return false;
    r.own = j.id;
    if (!check(&r, err) || !journal_step(&j, STEP_ASKED, err))
        return false;
    const bool done = profile_destroy(r.path, &run->callbacks, err);
    if (!done)
        entry_note(j.entry, err->what);
    journal_close(&j, done ? OUTCOME_DONE : OUTCOME_FAILED);
    return done;
}
