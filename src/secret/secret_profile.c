#include "secret/secret_profile.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/profiles.h"
#include "config/reference.h"
#include "core/callback.h"
#include "core/text.h"

void secret_profile_end(struct secret_profile *p)
{
    profile_abandon(&p->target);
    old_file_close(&p->before);
}

static const char *value_in(const struct ssa_settings *settings)
{
    return settings_secret_from(settings, FROM_PROFILE);
}

static bool same(const char *a, const char *b)
{
    return text_present(a) ? text_present(b) && strcmp(a, b) == 0 : !text_present(b);
}

// Another variable may have the very secret that the profile has.
static bool comes_from_profile(const struct ssa_settings *settings)
{
    const char *used = settings_get(settings, SET_CLIENT_SECRET, NULL);
    return settings_profile_path(settings)[0] != '\0' && same(used, value_in(settings));
}

static bool is_ones_own(const struct secret_profile *p, const char **why)
{
    struct stat about;
    *why = NULL;
    if (stat(p->target.path, &about) != 0 || !S_ISREG(about.st_mode))
        *why = "it is not a regular file";
    else if (about.st_uid != geteuid())
        *why = "it belongs to another user";
    else if (access(p->target.path, W_OK) != 0 || access(p->target.folder, W_OK) != 0)
        *why = strerror(errno);
    return *why == NULL;
}

bool secret_profile_choose(struct secret_profile *p, const struct ssa_run *run, struct ssa_error *err)
{
    const char *why = NULL, *path = settings_profile_path(run->settings);
    const struct ssa_output output = {.file = path, .replace = true};
    p->run = run;
    if (!comes_from_profile(run->settings))
        return true;
    // Its draft is named once there is a journal's entry.
    if (!profile_choose(&p->target, run, &output, "", err))
        return false;
    const char *value = value_in(run->settings);
    p->literal = text_present(value) && !reference_text_is_reference(value);
    p->edits = is_ones_own(p, &why);
    if (!p->edits)
        tell(&run->callbacks, SSA_NOTICE, "%s is not changed: %s", path, why);
    return true;
}

void secret_profile_refers(struct secret_profile *p, const char *uri)
{
    p->edits = p->edits && !same(value_in(p->run->settings), uri);
}

bool secret_profile_reserve(struct secret_profile *p, struct journal *j, struct ssa_error *err)
{
    struct entry *e = j->entry;
    const struct ssa_callbacks silent = {0};
    if (!p->edits)
        return true;
    const struct ssa_output output = {.file = settings_profile_path(p->run->settings), .replace = true};
    if (!profile_choose(&p->target, p->run, &output, j->id, err))
        return false;
    memcpy(e->profile, p->target.path, sizeof e->profile);
    memcpy(e->draft, p->target.draft, sizeof e->draft);
    if (!journal_step(j, STEP_BEGUN, err) || !profile_reserve(&p->target, err))
        return false;
    // The mode was warned of when the profile was read.
    return old_file_open(&p->before, p->target.path, false, &silent, err);
}

static bool names_secret(const char *name)
{
    return strcmp(name, setting_name(SET_CLIENT_SECRET)) == 0 || strcmp(name, setting_name(SET_SECRET_ALIAS)) == 0;
}

// Whether nobody has changed the profile's client secret since it was read.
static bool is_as_before(const struct secret_profile *p, struct ssa_error *err)
{
    struct ssa_settings *now = ssa_settings_new();
    if (now == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
    const bool read = ssa_settings_profile(now, p->target.path, false, NULL, err);
    const bool as_before = read && same(value_in(now), value_in(p->run->settings));
    ssa_settings_free(now);
    return as_before || !read ||
           error_set(err, SSA_CONFIG, NULL, p->target.path, "its client secret was changed meanwhile, so it is left");
}

static void overwrite(const struct secret_profile *p)
{
    struct ssa_error why = {0};
    if (p->literal && !old_file_destroy(&p->before, &why))
        tell(&p->run->callbacks, SSA_WARNING,
             "%s was replaced, but the disk blocks that held its client secret were "
             "not overwritten (%s)",
             p->target.path, why.cause);
}

bool secret_profile_write(struct secret_profile *p, const char *line, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!p->edits)
        return true;
    if (!is_as_before(p, err) || !secret_new(&text, PROFILE_EDIT_MAX, err) ||
        !profile_text_with(p->target.path, names_secret, line, &text, err))
        return false;
    // A service of the file's group may read it.
    if (fchown(p->target.fd, (uid_t)-1, p->before.about.st_gid) == 0 &&
        fchmod(p->target.fd, p->before.about.st_mode & 0777) != 0)
        return error_errno(err, SSA_CONFIG, errno, p->target.path, "its mode cannot be kept");
    if (!profile_commit(&p->target, secret_span(&text), err))
        return false;
    overwrite(p);
    return true;
}
