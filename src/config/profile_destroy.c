#include "config/profile_destroy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>

#include "core/callback.h"
#include "core/descriptor.h"
#include "core/file_mark.h"
#include "core/write.h"

static bool fail(struct ssa_error *err, int number, const char *path, const char *what)
{
    return error_errno(err, SSA_CONFIG, number, path, "%s", what);
}

static bool overwrite(int folder, const char *name, const struct stat *seen, const char *path, struct ssa_error *err)
{
    struct stat about;
    DESCRIPTOR_AUTO fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
        return fail(err, errno, path, "the profile cannot be overwritten, so it is not removed");
    if (!file_is_same(&about, seen))
        return fail(err, ESTALE, path, "another file has taken the profile's place, and is not removed");
    return write_zeros(fd, about.st_size) || fail(err, errno, path, "the profile cannot be overwritten");
}

static bool make_worthless(int folder, const char *name, const struct ssa_callbacks *callbacks, const char *path,
                           bool *overwritten, struct ssa_error *err)
{
    struct stat seen;
    *overwritten = false;
    if (fstatat(folder, name, &seen, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(err, errno, path, "the profile cannot be removed");
    if (S_ISLNK(seen.st_mode))
        return true;
    if (!S_ISREG(seen.st_mode))
        return error_set(err, SSA_CONFIG, NULL, path, "is not a regular file, so it is not removed");
    if (seen.st_nlink == 1) {
        *overwritten = overwrite(folder, name, &seen, path, err);
        return *overwritten;
    }
    tell(callbacks, SSA_WARNING, "%s has a second name (a hard link), under which its content stays", path);
    return true;
}

bool profile_destroy(const char *path, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    char folder_path[PATH_TEXT_MAX];
    bool overwritten;
    const char *slash = strrchr(path, '/');
    if (slash == NULL || !path_format(folder_path, err, "%s", path))
        return slash != NULL ? false : fail(err, EINVAL, path, "the path of the profile is not absolute");
    DESCRIPTOR_AUTO folder = open(dirname(folder_path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fail(err, errno, path, "the folder of the profile cannot be opened");
    if (!make_worthless(folder, slash + 1, callbacks, path, &overwritten, err))
        return false;
    if (unlinkat(folder, slash + 1, 0) != 0)
        return fail(err, errno, path,
                    overwritten ? "the profile is overwritten, but cannot be removed"
                                : "cannot be removed, and stays as it was");
    return write_sync_file(folder) || fail(err, errno, path, "the profile is removed, but its folder cannot be synced");
}
