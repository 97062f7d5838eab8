#include "config/profile_write.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/dotenv.h"
#include "config/old_names.h"
#include "core/descriptor.h"
#include "core/owner.h"
#include "core/read.h"
#include "core/text.h"
#include "core/write.h"

static bool choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                   struct ssa_error *err)
{
    char named[PATH_TEXT_MAX];
    const char *by_settings = settings_get(run->settings, SET_PROFILE, NULL);
    const char *name = by_settings != NULL ? by_settings : PROFILE_DEFAULT;
    if (output->profile != NULL)
        name = output->profile;
    if (output->profile == NULL && output->file != NULL) {
        if (!text_format(named, sizeof named, "%s", output->file))
            return error_errno(err, SSA_USAGE, ENAMETOOLONG, output->file, "the path is too long");
    } else if (!path_profile(name, named, err)) {
        return false;
    }
    // The file is replaced, not a link to it.
    if (!path_resolved(named, target->path, err))
        return false;
    char copy[PATH_TEXT_MAX];
    memcpy(copy, target->path, sizeof copy);
    return path_format(target->folder, err, "%s", dirname(copy));
}

static bool check_existing(const struct profile_target *target, struct ssa_error *err)
{
    struct stat about;
    if (lstat(target->path, &about) != 0)
        return errno == ENOENT || error_errno(err, SSA_CONFIG, errno, target->path, "the profile cannot be looked at");
    if (!S_ISREG(about.st_mode))
        return error_set(err, SSA_CONFIG, NULL, target->path, "is not a regular file");
    if (target->replace)
        return true;
    error_errno(err, SSA_IN_USE, EEXIST, target->path, "the profile exists already");
    return error_reason(err, SSA_REASON_PROFILE_EXISTS, NULL);
}

bool profile_choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                    const char *suffix, struct ssa_error *err)
{
    *target = (struct profile_target){.fd = -1, .replace = output->replace};
    if (!choose(target, run, output, err) || !check_existing(target, err))
        return false;
    if (path_format(target->draft, err, "%s.%s", target->path, suffix))
        return true;
    target->draft[0] = '\0';
    return false;
}

// Makes the configuration folder where it is missing, and checks that nobody else may write to it. Another folder is
// not made: its name is more likely a typing error.
static bool make_own_folder(const char *folder, struct ssa_error *err)
{
    if (!path_is_config(folder))
        return true;
    DESCRIPTOR_AUTO fd = path_make(folder, err) ? owner_open_folder(folder, err) : -1;
    return fd >= 0;
}

bool profile_reserve(struct profile_target *target, struct ssa_error *err)
{
    if (!make_own_folder(target->folder, err))
        return false;
    target->fd = open(target->draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (target->fd < 0) {
        target->draft[0] = '\0';
        return error_errno(err, SSA_CONFIG, errno, target->folder, "the folder of the profile cannot be written");
    }
    return (write_reserve(target->fd, PROFILE_MAX) && write_sync_file(target->fd)) ||
           error_errno(err, SSA_CONFIG, errno, target->path, "the profile cannot be written");
}

// Does not replace a file that somebody has made since, unless one is to be replaced.
static bool put_in_place(const struct profile_target *target)
{
    if (renameat2(AT_FDCWD, target->draft, AT_FDCWD, target->path, target->replace ? 0 : RENAME_NOREPLACE) == 0)
        return true;
    if ((errno != EINVAL && errno != ENOSYS) || target->replace)
        return false;
    // This file system or kernel lacks RENAME_NOREPLACE. A second name also fails where a file exists.
    return link(target->draft, target->path) == 0 && unlink(target->draft) == 0;
}

bool profile_commit(struct profile_target *target, struct span text, struct ssa_error *err)
{
    const bool written = write_all_at(target->fd, text, 0) && ftruncate(target->fd, (off_t)text.len) == 0;
    if (!written || !write_sync_file(target->fd) || !put_in_place(target))
        return error_errno(err, SSA_CONFIG, errno, target->path, "the profile cannot be written");
    target->draft[0] = '\0';
    (void)close(target->fd);
    target->fd = -1;
    // The profile is in place and whole. Only the rename may be lost in a power failure.
    return write_sync_folder(target->folder) ||
           error_errno(err, SSA_CONFIG, errno, target->path,
                       "the file is in place, but its folder cannot be synced, so a power failure may undo that");
}

void profile_abandon(struct profile_target *target)
{
    // Without a descriptor the draft was not made here: a file of its name is somebody else's.
    if (target->draft[0] != '\0' && target->fd >= 0)
        (void)unlink(target->draft);
    if (target->fd >= 0)
        (void)close(target->fd);
    target->draft[0] = '\0';
    target->fd = -1;
}

// Whether it is as profile_reserve makes it: this user's file, with one name.
static bool is_a_draft(int folder, const char *name)
{
    struct stat about;
    return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode) &&
           about.st_uid == geteuid() && about.st_nlink == 1;
}

bool profile_draft_remove(const char *draft, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    const char *slash = strrchr(draft, '/');
    if (slash == NULL)
        return true;
    if (!path_format(path, err, "%s", draft))
        return false;
    DESCRIPTOR_AUTO folder = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR ||
               error_errno(err, SSA_CONFIG, errno, draft, "the profile's draft cannot be looked for");
    return !is_a_draft(folder, slash + 1) || unlinkat(folder, slash + 1, 0) == 0 || errno == ENOENT ||
           error_errno(err, SSA_CONFIG, errno, draft, "the profile's draft cannot be removed");
}

enum { FILE_MAX = 64 * 1024, LINES_MAX = 4096 };
_Static_assert(PROFILE_EDIT_MAX >= FILE_MAX, "an edited profile has room");

// Which lines have our names. They are found in a copy of the text, since dotenv_read changes what it reads.
struct lines {
    profile_name_is_ours *ours_by_name;
    bool with_secret;
    bool ours[LINES_MAX + 1];
};

static bool mark(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct lines *lines = context;
    if (a->last_line > LINES_MAX)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the profile has more than %d lines", LINES_MAX);
    const bool ours =
        lines->ours_by_name(a->name) && (lines->with_secret || old_name_setting(a->name) != SET_CLIENT_SECRET);
    for (size_t line = a->line; ours && line <= a->last_line; line++)
        lines->ours[line] = true;
    return true;
}

// Copies the lines that are not ours. in_place (which may be empty) takes the place of the first that is.
static bool copy_others(const struct secret *text, const struct lines *lines, const char *in_place, struct secret *out)
{
    const uint8_t *at = text->data, *const end = text->data + text->len;
    for (size_t line = 1; at < end; line++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *next = newline == NULL ? end : newline + 1;
        const bool ours = line <= LINES_MAX && lines->ours[line];
        if (ours && !secret_append_text(out, in_place))
            return false;
        in_place = ours ? "" : in_place;
        if (!ours && !secret_append(out, span_of(at, (size_t)(next - at))))
            return false;
        if (!ours && newline == NULL && !secret_append_text(out, "\n"))
            return false;
        at = next;
    }
    return secret_append_text(out, in_place);
}

static bool read_file(const char *path, struct secret *text, bool *exists, struct ssa_error *err)
{
    DESCRIPTOR_AUTO fd = read_open(path);
    *exists = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ||
               error_errno(err, SSA_CONFIG, errno, path, "the profile that is to be replaced cannot be read");
    return read_secret(text, fd, path, NULL, err);
}

static bool copy(const char *path, struct lines *lines, const char *in_place, struct secret *out, struct ssa_error *err)
{
    bool exists = false;
    SECRET_AUTO text = {0};
    SECRET_AUTO copy = {0};
    if (!secret_new(&text, FILE_MAX, err) || !secret_new(&copy, FILE_MAX, err) || !read_file(path, &text, &exists, err))
        return false;
    if (!exists)
        return secret_append_text(out, in_place);
    return secret_append(&copy, secret_span(&text)) && dotenv_read(&copy, path, mark, lines, err) &&
           (copy_others(&text, lines, in_place, out) ||
            error_set(err, SSA_CONFIG, NULL, path, "has too many other lines: they do not fit into the new profile"));
}

bool profile_others_append(const char *path, profile_name_is_ours *ours, bool with_secret, struct secret *out,
                           struct ssa_error *err)
{
    struct lines lines = {.ours_by_name = ours, .with_secret = with_secret};
    return copy(path, &lines, "", out, err);
}

bool profile_text_with(const char *path, profile_name_is_ours *ours, const char *line, struct secret *out,
                       struct ssa_error *err)
{
    struct lines lines = {.ours_by_name = ours, .with_secret = true};
    return copy(path, &lines, line, out, err);
}
