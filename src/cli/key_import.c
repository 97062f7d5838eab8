// ssa-hsm key import FILE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/created.h"
#include "cli/print.h"

enum { SHRED_BLOCK = 4096 };

static bool overwrite(int fd, off_t size)
{
    static const char zeros[SHRED_BLOCK];
    for (off_t at = 0; at < size;) {
        const size_t want = size - at < SHRED_BLOCK ? (size_t)(size - at) : SHRED_BLOCK;
        const ssize_t written = pwrite(fd, zeros, want, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
    }
    return fsync(fd) == 0;
}

static bool shred(const char *file, struct ssa_error *err)
{
    struct stat about;
    const int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool gone = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
                      overwrite(fd, about.st_size) && unlink(file) == 0;
    const int number = errno;
    if (fd >= 0)
        (void)close(fd);
    if (gone)
        return true;
    error_errno(err, SSA_UNEXPECTED, number, file,
                "the key is in the token, but the file could not be destroyed");
    return error_hint(err, "Destroy it by hand: it still holds the private key.");
}

static bool dispose(const char *file, bool shredded, struct ssa_error *err)
{
    if (shredded) {
        if (!shred(file, err))
            return false;
        print_note("%s is overwritten and removed (flash storage and snapshots may still hold it)", file);
        return true;
    }
    if (strcmp(file, "-") != 0)
        print_note("the file still holds the private key. Destroy it: shred -u %s", file);
    return true;
}

bool command_key_import(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const bool wants_shred = a->given[OPT_SHRED];
    const char *file = i->words[0];
    if (wants_shred && strcmp(file, "-") == 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "--shred needs a file, and not standard input");
    struct ssa_created created = {0};
    const struct ssa_output output = output_of(a);
    const bool done = ssa_key_import(&i->run, file, a->values[OPT_KEY_ID], a->values[OPT_ACCOUNT],
                                     a->values[OPT_EMAIL], &output, &created, err) &&
                      created_print(&created, err) && dispose(file, wants_shred, err);
    ssa_created_free(&created);
    return done;
}
