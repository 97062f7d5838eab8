#include "journal/entry_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int entry_file_open(enum journal_folder which, const char *name, int flags, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!journal_path(which, name, path, err))
        return -1;
    const int folder = journal_folder(which, err);
    if (folder < 0)
        return -1;
    const int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
    const int number = errno;
    (void)close(folder);
    if (fd < 0)
        (void)error_errno(err, SSA_CONFIG, number, path, "the journal's entry cannot be opened");
    errno = number;
    return fd;
}

bool entry_file_room(int fd, struct secret *text, struct ssa_error *err)
{
    struct stat s;
    const bool small = fstat(fd, &s) == 0 && s.st_size > 0 && s.st_size < ENTRY_FILE_MAX;
    return secret_new(text, small ? (size_t)s.st_size : ENTRY_FILE_MAX, err);
}

bool entry_file_read(int fd, struct secret *text)
{
    ssize_t got = 0;
    text->len = 0;
    while (text->len < text->capacity &&
           (got = pread(fd, text->data + text->len, text->capacity - text->len, (off_t)text->len)) > 0)
        text->len += (size_t)got;
    return got >= 0;
}

bool entry_file_move(enum journal_folder from, const char *old_name, enum journal_folder to, const char *new_name,
                     struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    const int here = journal_path(to, new_name, path, err) ? journal_folder(from, err) : -1;
    const int there = here < 0 ? -1 : journal_folder(to, err);
    const bool moved = there >= 0 && renameat(here, old_name, there, new_name) == 0;
    const int number = errno;
    if (here >= 0)
        (void)close(here);
    if (there < 0)
        return false;
    (void)close(there);
    return (moved || journal_unwritable(err, number, path)) && journal_sync(to, err) && journal_sync(from, err);
}
