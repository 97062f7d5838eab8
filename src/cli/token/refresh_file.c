// Nothing is synced: after a power loss, nobody who used the access token runs any more.
#include "cli/token/refresh_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/write.h"

static bool fail(const struct refresh_file *file, struct ssa_error *err)
{
    const int number = errno;
    (void)unlink(file->draft);
    return error_errno(err, SSA_CONFIG, number, file->path, "the file for the access token cannot be written");
}

// A draft that is there was left by a run that was killed.
static int open_draft(const struct refresh_file *file)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
    const int fd = open(file->draft, FLAGS, S_IRUSR | S_IWUSR);
    if (fd >= 0 || errno != EEXIST || unlink(file->draft) != 0)
        return fd;
    return open(file->draft, FLAGS, S_IRUSR | S_IWUSR);
}

static bool check_existing(const struct refresh_file *file, struct ssa_error *err)
{
    struct stat about;
    if (lstat(file->path, &about) != 0)
        return errno == ENOENT || fail(file, err);
    // A renewal would replace a device, a pipe or a link by a file.
    return S_ISREG(about.st_mode) || error_set(err, SSA_CONFIG, NULL, file->path, "is not a regular file");
}

bool refresh_file_choose(struct refresh_file *file, const char *path, struct ssa_error *err)
{
    *file = (struct refresh_file){0};
    if (!path_absolute(path, file->path, err) || !path_format(file->draft, err, "%s.ssa-hsm", file->path) ||
        !check_existing(file, err))
        return false;
    DESCRIPTOR_AUTO fd = open_draft(file);
    return (fd >= 0 && unlink(file->draft) == 0) || fail(file, err);
}

bool refresh_file_write(struct refresh_file *file, struct span text, struct ssa_error *err)
{
    struct stat about;
    DESCRIPTOR_AUTO fd = open_draft(file);
    // The umask may have taken something away.
    if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0 || !write_all(fd, text) || fstat(fd, &about) != 0 ||
        rename(file->draft, file->path) != 0)
        return fail(file, err);
    file->device = about.st_dev;
    file->inode = about.st_ino;
    file->written = true;
    return true;
}

void refresh_file_remove(struct refresh_file *file)
{
    struct stat about;
    if (file->written && lstat(file->path, &about) == 0 && about.st_dev == file->device && about.st_ino == file->inode)
        (void)unlink(file->path);
    file->written = false;
}
