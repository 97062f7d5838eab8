#include "core/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

enum { COMMAND_MAX = 128 };

static bool look(int fd, const char *path, struct stat *about, struct ssa_error *err)
{
    return fstat(fd, about) == 0 || error_errno(err, SSA_CONFIG, errno, path, "cannot be examined");
}

static bool belongs_to_us(const struct stat *about, const char *path, struct ssa_error *err)
{
    if (about->st_uid != geteuid() && about->st_uid != 0) {
        error_set(err, SSA_CONFIG, NULL, path, "belongs to another user (uid %ld), so its content is not trusted",
                  (long)about->st_uid);
        char command[COMMAND_MAX];
        if (text_format(command, sizeof command, "If its content is yours, run `chown %ld", (long)geteuid()))
            error_hint_path(err, command, path, ".");
        return error_reason(err, SSA_REASON_OTHER_OWNER, NULL);
    }
    if ((about->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    error_set(err, SSA_CONFIG, NULL, path, "can be written to by others, so its content is not trusted");
    return error_hint_path(err, "Check its content. Then run `chmod go-w", path, ".");
}

bool owner_check_folder(int fd, const char *path, struct ssa_error *err)
{
    struct stat about;
    if (!look(fd, path, &about, err))
        return false;
    if (!S_ISDIR(about.st_mode))
        return error_errno(err, SSA_CONFIG, ENOTDIR, path, "is not a folder");
    return belongs_to_us(&about, path, err);
}

bool owner_check_linked_file(int fd, const char *path, struct ssa_error *err)
{
    struct stat about;
    if (!look(fd, path, &about, err))
        return false;
    if (!S_ISREG(about.st_mode))
        return error_set(err, SSA_CONFIG, NULL, path, "is not a regular file");
    return belongs_to_us(&about, path, err);
}

bool owner_check_file(int fd, const char *path, struct ssa_error *err)
{
    struct stat about;
    if (!owner_check_linked_file(fd, path, err) || !look(fd, path, &about, err))
        return false;
    if (about.st_nlink <= 1)
        return true;
    error_set(err, SSA_CONFIG, NULL, path, "has a second name (a hard link), so it is not trusted");
    return error_hint_path(err, "`find / -xdev -samefile", path, " shows it. Remove the other name.");
}

// A run as root, with the home of a user, leaves folders there that are root's own.
bool owner_hint_denied(const char *path, struct ssa_error *err)
{
    struct stat about;
    char command[COMMAND_MAX];
    if (stat(path, &about) != 0)
        return false;
    if (about.st_uid == geteuid())
        return error_hint_path(err, "`chmod u+rwx", path, " gives you access, unless the file system is read-only.");
    return text_format(command, sizeof command,
                       "It belongs to uid %ld. If its content is yours, run `sudo chown -R %ld", (long)about.st_uid,
                       (long)geteuid()) &&
           error_hint_path(err, command, path, ".");
}

int owner_open_folder(const char *path, struct ssa_error *err)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        const int number = errno;
        (void)error_errno(err, SSA_CONFIG, number, path, "the folder cannot be opened");
        if (number == EACCES)
            (void)owner_hint_denied(path, err);
        errno = number;
        return -1;
    }
    if (owner_check_folder(fd, path, err))
        return fd;
    (void)close(fd);
    errno = EPERM;
    return -1;
}
