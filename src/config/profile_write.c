// A profile's file, written atomically.
#include "config/profile_write.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/settings.h"
#include "core/owner.h"
#include "core/text.h"
#include "core/write.h"

static bool choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                   struct ssa_error *err)
{
    char named[PATH_TEXT_MAX];
    const char *by_settings = settings_get(run->settings, SET_PROFILE, NULL);
    const char *name = by_settings != NULL ? by_settings : "default";
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
    return text_format(target->folder, sizeof target->folder, "%s", dirname(copy));
}

static bool check_existing(const struct profile_target *target, struct ssa_error *err)
{
    struct stat about;
    if (lstat(target->path, &about) != 0) {
        const int number = errno;
        return number == ENOENT ||
               error_errno(err, SSA_CONFIG, number, target->path, "the profile cannot be looked at");
    }
    if (!S_ISREG(about.st_mode))
        return error_set(err, SSA_CONFIG, NULL, target->path, "is not a regular file");
    if (target->replace)
        return true;
    error_errno(err, SSA_CONFIG, EEXIST, target->path, "the profile exists already");
    return error_reason(err, SSA_REASON_PROFILE_EXISTS, NULL);
}

bool profile_choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                    const char *suffix, struct ssa_error *err)
{
    *target = (struct profile_target){.fd = -1, .replace = output->replace};
    if (!choose(target, run, output, err) || !check_existing(target, err))
        return false;
    if (text_format(target->draft, sizeof target->draft, "%s.%s", target->path, suffix))
        return true;
    target->draft[0] = '\0';
    return error_errno(err, SSA_CONFIG, ENAMETOOLONG, target->path, "the path is too long");
}

// Makes the configuration folder where it is missing, and checks that it is the user's alone. Another folder
// that is missing is more likely a typing error.
static bool make_own_folder(const char *folder, struct ssa_error *err)
{
    if (!path_is_config(folder))
        return true;
    const int fd = path_make(folder, err) ? owner_open_folder(folder, err) : -1;
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

bool profile_reserve(struct profile_target *target, struct ssa_error *err)
{
    if (!make_own_folder(target->folder, err))
        return false;
    target->fd = open(target->draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (target->fd < 0) {
        const int number = errno;
        target->draft[0] = '\0';
        return error_errno(err, SSA_CONFIG, number, target->folder, "the folder of the profile cannot be written");
    }
    if (write_reserve(target->fd, PROFILE_MAX) && write_sync_file(target->fd))
        return true;
    const int number = errno;
    return error_errno(err, SSA_CONFIG, number, target->path, "the profile cannot be written");
}

static bool write_whole(int fd, struct span text)
{
    return write_all_at(fd, text, 0) && ftruncate(fd, (off_t)text.len) == 0 && write_sync_file(fd);
}

// Does not replace a file that somebody made meanwhile, unless one is to be replaced.
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
    if (!write_whole(target->fd, text) || !put_in_place(target)) {
        const int number = errno;
        return error_errno(err, SSA_CONFIG, number, target->path, "the profile cannot be written");
    }
    target->draft[0] = '\0';
    (void)close(target->fd);
    target->fd = -1;
    // The profile is in place and whole. Only the rename may be lost in a power failure.
    if (!write_sync_folder(target->folder)) {
        const int number = errno;
        return error_errno(err, SSA_CONFIG, number, target->folder, "the folder of the profile cannot be synced");
    }
    return true;
}

void profile_abandon(struct profile_target *target)
{
    // Without a descriptor it was not made here, and a file of that name is another's.
    if (target->draft[0] != '\0' && target->fd >= 0)
        (void)unlink(target->draft);
    if (target->fd >= 0)
        (void)close(target->fd);
    target->draft[0] = '\0';
    target->fd = -1;
}
