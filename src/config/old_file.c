#include "config/old_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "config/reference.h"
#include "core/file_mark.h"
#include "core/read.h"
#include "core/write.h"

static bool unfit(struct ssa_error *err, const struct old_file *old, const char *what)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_CANNOT_SHRED, old->name, "%s, so it cannot be destroyed", what);
}

static bool check_shred(const struct old_file *old, struct ssa_error *err)
{
    struct stat named;
    if (old->standard_input)
        return unfit(err, old, "standard input is not a file");
    if (!S_ISREG(old->about.st_mode) || lstat(old->name, &named) != 0 || !S_ISREG(named.st_mode))
        return unfit(err, old, "is a link, or not a regular file");
    return old->writable || unfit(err, old, "cannot be written");
}

// Only a regular file is opened for writing: a pipe that is open for writing has no end to read.
static void open_to_write(struct old_file *old, const char *file)
{
    struct stat about;
    if (old->standard_input || !S_ISREG(old->about.st_mode))
        return;
    const int fd = open(file, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    old->writable = fstat(fd, &about) == 0 && file_is_same(&old->about, &about);
    (void)close(old->writable ? old->fd : fd);
    if (old->writable)
        old->fd = fd;
}

bool old_file_open(struct old_file *old, const char *file, bool shred, const struct ssa_callbacks *warn,
                   struct ssa_error *err)
{
    *old = (struct old_file){.name = file, .fd = STDIN_FILENO, .standard_input = strcmp(file, "-") == 0};
    if (old->standard_input)
        old->name = "standard input";
    else
        old->fd = read_open(file);
    if (old->fd < 0 || fstat(old->fd, &old->about) != 0)
        return error_errno(err, SSA_CONFIG, errno, file, "the file cannot be read");
    open_to_write(old, file);
    if (!old->standard_input)
        reference_warn_if_others_read(old->fd, file, warn);
    return !shred || check_shred(old, err);
}

void old_file_close(struct old_file *old)
{
    if (old->fd >= 0 && !old->standard_input)
        (void)close(old->fd);
    old->fd = -1;
}

bool old_file_read(const struct old_file *old, const struct ssa_callbacks *callbacks, struct secret *text,
                   struct ssa_error *err)
{
    return read_secret(text, old->fd, old->name, callbacks, err) &&
           (text->len > 0 || error_set(err, SSA_CONFIG, NULL, old->name, "is empty"));
}

bool old_file_is_overwritten(const struct secret *text)
{
    const size_t len = text->len < ZEROS_AT_ONCE ? text->len : ZEROS_AT_ONCE;
    for (size_t i = 0; i < len; i++)
        if (text->data[i] != 0)
            return false;
    return len > 0;
}

bool old_file_is(const struct old_file *old, const char *path)
{
    struct stat other;
    return !old->standard_input && stat(path, &other) == 0 && file_is_same(&old->about, &other);
}

// Another file may have its name by now: the new profile, or what was left of a file that was edited.
static bool is_named(const struct old_file *old)
{
    struct stat named;
    return lstat(old->name, &named) == 0 && file_is_same(&old->about, &named);
}

static bool not_overwritten(const struct old_file *old, int number, struct ssa_error *err)
{
    if (is_named(old)) {
        error_errno(err, SSA_UNEXPECTED, number, old->name,
                    "the key is on the PKCS#11 token, but the file could not be destroyed");
        return error_hint(err, "Destroy it by hand: it may still hold the private key.");
    }
    error_errno(err, SSA_UNEXPECTED, number, old->name,
                "the key is on the PKCS#11 token, but the disk blocks that held it could not be overwritten");
    return error_hint(err, "Keep this file: it is the new one, without the private key. The old one has no name any "
                           "more.");
}

bool old_file_destroy(const struct old_file *old, struct ssa_error *err)
{
    if (!write_zeros(old->fd, old->about.st_size))
        return not_overwritten(old, errno, err);
    if (!is_named(old) || unlink(old->name) == 0)
        return true;
    error_errno(err, SSA_UNEXPECTED, errno, old->name,
                "the key is on the PKCS#11 token, and the file is overwritten, but it could not be removed");
    return error_hint(err, "Remove it by hand: it holds nothing but zeros.");
}
