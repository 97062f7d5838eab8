#include "config/profiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "config/dotenv.h"
#include "config/reference.h"
#include "config/settings_own.h"
#include "core/descriptor.h"
#include "core/owner.h"
#include "core/read.h"
#include "core/text.h"

enum { PROFILE_TEXT_MAX = 64 * 1024 };

static bool add_name(struct profile_names *names, struct span name, struct ssa_error *err)
{
    if (names->count == SSA_PROFILES_MAX)
        return error_set(err, SSA_CONFIG, NULL, setting_name(SET_PROFILE), "names more than %d profiles",
                         SSA_PROFILES_MAX);
    return path_format(names->list[names->count++], err, "%.*s", SPAN_PRINTF(name));
}

bool profile_names_split(const char *text, struct profile_names *names, struct ssa_error *err)
{
    struct stat about;
    names->count = 0;
    if (strchr(text, '/') != NULL && stat(text, &about) == 0)
        return add_name(names, span_text(text), err);
    for (;; text++) {
        const size_t len = strcspn(text, ":");
        // It may be "$A:$B" with a variable that is not set. Then nobody would notice that a profile is missing.
        if (len == 0)
            return error_set(err, SSA_CONFIG, NULL, setting_name(SET_PROFILE), "has an empty name in its list");
        if (!add_name(names, span_of(text, len), err))
            return false;
        text += len;
        if (*text == '\0')
            return true;
    }
}

static bool take_assignment(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct profile_read *profile = context;
    const enum setting id = setting_find(a->name, strlen(a->name));
    if (id == SETTING_COUNT) {
        const bool looks_like_one = strncmp(a->name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
        if (looks_like_one && profile->unknown_count < UNKNOWN_MAX) {
            profile->unknown[profile->unknown_count].name = a->name;
            profile->unknown[profile->unknown_count++].line = a->line;
        }
        return true;
    }
    // A PEM with \n in it is refused later, with better advice for that case.
    if (a->ambiguous && id != SET_PRIVATE_KEY) {
        error_set(err, SSA_CONFIG, NULL, profile->path, "line %zu has a backslash between double quotes in %s", a->line,
                  a->name);
        return error_hint(err, "The shell and dotenv libraries read that differently: use single quotes.");
    }
    profile->values[id] = a->value;
    profile->lines[id] = a->line;
    return true;
}

// Others may read a profile that holds only references.
static void warn_if_shared(const struct profile_read *profile, int fd, const struct ssa_callbacks *callbacks)
{
    const char *secret = profile->values[SET_CLIENT_SECRET];
    if (!text_present(secret))
        secret = profile->values[SET_SECRET_ALIAS];
    if (callbacks != NULL && text_present(secret) && !reference_text_is_reference(secret))
        reference_warn_if_others_read(fd, profile->path, callbacks);
}

static bool read_file(struct profile_read *profile, int fd, const struct ssa_callbacks *callbacks,
                      struct ssa_error *err)
{
    return secret_new(&profile->text, PROFILE_TEXT_MAX, err) &&
           read_secret(&profile->text, fd, profile->path, callbacks, err) &&
           dotenv_read(&profile->text, profile->path, take_assignment, profile, err);
}

// Returns -1, and errno is number.
static int unreadable(const char *path, int number, struct ssa_error *err)
{
    error_errno(err, SSA_CONFIG, number, path, "the profile cannot be read");
    if (number == ENOENT)
        error_reason(err, SSA_REASON_NO_PROFILE, NULL);
    return -1;
}

// Whether a path leads to a file of the configuration folder. Then folder is the path of that folder, and name is the
// file's name in it.
static bool is_in_config(const char *path, char folder[static PATH_TEXT_MAX], const char **name)
{
    if (!path_absolute(path, folder, ERROR_IGNORED))
        return false;
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return false;
    *slash = '\0';
    *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    return path_is_config(folder);
}

// Opens a profile of the configuration folder; it may be a link. Nobody else may be able to write to it: they could
// name a module and a server of their own.
static int open_own(const char *folder, const char *name, const char *path, struct ssa_error *err)
{
    DESCRIPTOR_AUTO in = owner_open_folder(folder, err);
    if (in < 0)
        return errno == ENOENT ? unreadable(path, ENOENT, err) : -1;
    DESCRIPTOR_AUTO fd = openat(in, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return unreadable(path, errno, err);
    if (owner_check_linked_file(fd, path, err))
        return descriptor_keep(&fd);
    errno = EPERM;
    return -1;
}

// Whose a profile in another folder is, is not checked: the user has named its path. On failure err is filled, and
// errno says why.
static int open_profile(const char *path, struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    const char *name = NULL;
    if (is_in_config(path, folder, &name))
        return open_own(folder, name, path, err);
    const int fd = read_open(path);
    return fd >= 0 ? fd : unreadable(path, errno, err);
}

// Adds a profile. One that is absent, and may be, is not added.
static bool read_one(struct ssa_settings *s, const char *name, bool may_be_absent,
                     const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    struct profile_read *profile = &s->profiles[s->profile_count];
    struct stat about;
    if (!path_profile(name, profile->path, err) || !path_format(profile->name, err, "%s", name))
        return false;
    DESCRIPTOR_AUTO fd = open_profile(profile->path, err);
    if (fd < 0)
        return may_be_absent && errno == ENOENT;
    s->profile_count++; // from here on its text is freed with the settings
    settings_note_process(s);
    if (fstat(fd, &about) != 0)
        return error_errno(err, SSA_CONFIG, errno, profile->path, "the profile cannot be looked at");
    profile->file = file_mark_of(&about);
    if (!read_file(profile, fd, callbacks, err) || !settings_secure_variables(s, profile->values, err))
        return false;
    warn_if_shared(profile, fd, callbacks);
    return true;
}

static bool begin(struct ssa_settings *s, struct ssa_error *err)
{
    profiles_free(s);
    s->profiles = calloc(SSA_PROFILES_MAX, sizeof *s->profiles);
    if (s->profiles == NULL)
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for profiles");
    return s->profiles != NULL;
}

// An option takes one profile, but somebody may give it a list, as SSA_HSM_PROFILE takes it.
static bool is_joined(const char *name)
{
    return strchr(name, ':') != NULL && strchr(name, '/') == NULL;
}

// Profiles that an option names go before the environment.
static bool read_named(struct ssa_settings *s, const char *const *names, size_t count, bool optional,
                       const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    if (!begin(s, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!optional && is_joined(names[i]))
            return error_because(err, SSA_USAGE, SSA_REASON_JOINED_PROFILES, names[i], "is not a valid profile name");
        if (!read_one(s, names[i], optional, callbacks, err))
            return false;
    }
    s->profile_first = s->profile_count > 0;
    return true;
}

// The default profile need not exist. Without a home directory there is no place for it.
static bool read_default(struct ssa_settings *s, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!begin(s, err))
        return false;
    return !path_profile(PROFILE_DEFAULT, path, ERROR_IGNORED) || read_one(s, PROFILE_DEFAULT, true, callbacks, err);
}

// Reads the profiles that SSA_HSM_PROFILE names.
static bool read_by_environment(struct ssa_settings *s, const char *text, bool several, bool optional,
                                const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    struct profile_names names;
    if (!profile_names_split(text, &names, err))
        return false;
    if (names.count > 1 && !several)
        return error_because(err, SSA_USAGE, SSA_REASON_SEVERAL_PROFILES, setting_name(SET_PROFILE),
                             "is a list of profiles; this command takes one");
    if (!begin(s, err))
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (!read_one(s, names.list[i], optional, callbacks, err))
            return false;
    return true;
}

bool ssa_settings_profile(struct ssa_settings *s, const char *name, bool optional,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    const char *by_environment = s->values[FROM_ENVIRONMENT][SET_PROFILE];
    err = ERROR_OR_IGNORED(err);
    if (name != NULL)
        return read_named(s, &name, 1, optional, callbacks, err);
    if (text_present(by_environment))
        return read_by_environment(s, by_environment, false, optional, callbacks, err);
    return read_default(s, callbacks, err);
}

bool ssa_settings_profiles(struct ssa_settings *s, const char *const *names, size_t count,
                           const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    const char *by_environment = s->values[FROM_ENVIRONMENT][SET_PROFILE];
    err = ERROR_OR_IGNORED(err);
    if (count > SSA_PROFILES_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "there are more than %d profiles", SSA_PROFILES_MAX);
    if (count > 0)
        return read_named(s, names, count, false, callbacks, err);
    if (text_present(by_environment))
        return read_by_environment(s, by_environment, true, false, callbacks, err);
    return read_default(s, callbacks, err);
}

size_t settings_profile_count(const struct ssa_settings *s)
{
    return s->profile_count;
}

size_t settings_profile_line(const struct ssa_settings *s, enum setting id)
{
    return s->current < s->profile_count ? s->profiles[s->current].lines[id] : 0;
}

const char *settings_profile_path(const struct ssa_settings *s)
{
    return s->current < s->profile_count ? s->profiles[s->current].path : "";
}

const char *settings_profile_name(const struct ssa_settings *s)
{
    return s->current < s->profile_count ? s->profiles[s->current].name : "";
}

bool settings_profile_changed(const struct ssa_settings *s)
{
    bool changed = false;
    for (size_t i = 0; i < s->profile_count; i++) {
        struct file_mark now;
        (void)file_mark_path(s->profiles[i].path, &now);
        changed = changed || !file_mark_same(&now, &s->profiles[i].file);
    }
    return changed;
}

struct ssa_settings *settings_with_profile(const struct ssa_settings *s, size_t profile)
{
    struct ssa_settings *view = malloc(sizeof *view);
    if (view == NULL)
        return NULL;
    *view = *s;
    view->current = profile;
    return view;
}

struct ssa_settings *settings_view(const struct ssa_settings *s)
{
    return settings_with_profile(s, s->current);
}

void settings_view_replace(struct ssa_settings *view, const struct ssa_settings *other)
{
    *view = *other;
}

void settings_view_end(struct ssa_settings **view)
{
    free(*view);
    *view = NULL;
}
