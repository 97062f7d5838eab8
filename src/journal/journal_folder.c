#include "journal/journal_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/file_lock.h"
#include "core/owner.h"
#include "core/text.h"
#include "core/write.h"

enum { NUMBER_DIGITS_LEAST = 8, NUMBER_DIGITS_MAX = 18, PATIENCE_MS = 30000 };

static const char *const folders[] = {
    [JOURNAL_OPEN] = "journal", [JOURNAL_CLOSED] = "history", [JOURNAL_FORGOTTEN] = "forgotten"};

static const char lock_name[] = ".lock";

static bool folder_path(enum journal_folder which, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char state[PATH_TEXT_MAX];
    return path_state(state, err) && path_format(out, err, "%s/%s", state, folders[which]);
}

bool journal_path(enum journal_folder which, const char *name, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    return folder_path(which, folder, err) && path_format(out, err, "%s/%s", folder, name);
}

bool journal_unwritable(struct ssa_error *err, int number, const char *path)
{
    error_errno(err, SSA_CONFIG, number, path, "the journal cannot be written, so nothing is begun");
    return error_hint(err, "After a crash, the journal says what was left. Make $XDG_STATE_HOME/ssa-hsm "
                           "(~/.local/state/ssa-hsm) writable, with room on the disk.");
}

int journal_folder(enum journal_folder which, struct ssa_error *err)
{
    char state[PATH_TEXT_MAX], path[PATH_TEXT_MAX];
    if (!path_state(state, err) || !folder_path(which, path, err))
        return -1;
    DESCRIPTOR_AUTO above = owner_open_folder(state, err);
    return above < 0 ? -1 : owner_open_folder(path, err);
}

bool journal_sync(enum journal_folder which, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    return folder_path(which, path, err) && (write_sync_folder(path) || journal_unwritable(err, errno, path));
}

bool journal_may_hold_any(void)
{
    char path[PATH_TEXT_MAX];
    DIR *dir = folder_path(JOURNAL_OPEN, path, ERROR_IGNORED) ? opendir(path) : NULL;
    if (dir == NULL)
        return false;
    bool any = false;
    for (const struct dirent *d; !any && (d = readdir(dir)) != NULL;)
        any = d->d_name[0] != '.';
    (void)closedir(dir);
    return any;
}

// Checks also that an existing folder is this user's own.
static bool make_folder(const char *path, struct ssa_error *err)
{
    if (!path_make(path, ERROR_IGNORED))
        return journal_unwritable(err, errno, path);
    DESCRIPTOR_AUTO fd = owner_open_folder(path, err);
    return fd >= 0;
}

static bool make_folders(struct ssa_error *err)
{
    static const enum journal_folder made[] = {JOURNAL_OPEN, JOURNAL_CLOSED};
    char path[PATH_TEXT_MAX];
    if (!path_state(path, err) || !make_folder(path, err))
        return false;
    for (size_t i = 0; i < COUNT(made); i++)
        if (!folder_path(made[i], path, err) || !make_folder(path, err))
            return false;
    return true;
}

int journal_file_open(enum journal_folder which, const char *name, int flags, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    DESCRIPTOR_AUTO folder = journal_path(which, name, path, err) ? journal_folder(which, err) : -1;
    if (folder < 0)
        return -1;
    const int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (fd < 0 && (flags & O_CREAT) != 0)
        (void)journal_unwritable(err, errno, path);
    else if (fd < 0)
        (void)error_errno(err, SSA_CONFIG, errno, path, "the journal's entry cannot be opened");
    return fd;
}

bool journal_file_room(int fd, struct secret *text, struct ssa_error *err)
{
    struct stat s;
    const bool small = fstat(fd, &s) == 0 && s.st_size > 0 && s.st_size < JOURNAL_FILE_MAX;
    return secret_new(text, small ? (size_t)s.st_size : JOURNAL_FILE_MAX, err);
}

bool journal_file_read(int fd, struct secret *text)
{
    ssize_t got = 0;
    text->len = 0;
    while (text->len < text->capacity &&
           (got = pread(fd, text->data + text->len, text->capacity - text->len, (off_t)text->len)) > 0)
        text->len += (size_t)got;
    return got >= 0;
}

bool journal_file_move(enum journal_folder from, const char *old_name, enum journal_folder to, const char *new_name,
                       struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    DESCRIPTOR_AUTO here = journal_path(to, new_name, path, err) ? journal_folder(from, err) : -1;
    DESCRIPTOR_AUTO there = here < 0 ? -1 : journal_folder(to, err);
    if (there < 0)
        return false;
    if (renameat(here, old_name, there, new_name) != 0)
        return journal_unwritable(err, errno, path);
    return journal_sync(to, err) && journal_sync(from, err);
}

// The name of a file system that may have no locks, since some of its servers have none.
static const char *file_system(int fd)
{
    static const struct {
        unsigned long type;
        const char *name;
    } known[] = {{0x6969UL, " (NFS)"},
                 {0xFF534D42UL, " (CIFS)"},
                 {0xFE534D42UL, " (SMB)"},
                 {0x65735546UL, " (FUSE)"},
                 {0x01021997UL, " (9p)"}};
    struct statfs about;
    if (fstatfs(fd, &about) == 0)
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (((unsigned long)about.f_type & 0xFFFFFFFFUL) == known[i].type)
                return known[i].name;
    return "";
}

static bool unlockable(struct ssa_error *err, int number, int fd, const char *path)
{
    error_errno(err, SSA_CONFIG, number, path, "the journal cannot be locked, so nothing is begun");
    return error_hint(err,
                      "Its file system%s does not lock files. Without a lock two processes could make or undo the "
                      "same thing. Set XDG_STATE_HOME to a folder on a local disk.",
                      file_system(fd));
}

static bool take_lock(int fd, const char *path, const struct ssa_callbacks *callbacks, bool patient,
                      struct ssa_error *err)
{
    // Entries are locked by flock alone: where that does not work, a lock of another kind does not help.
    const struct lock_patience patience = {
        .callbacks = callbacks, .most_ms = patient ? PATIENCE_MS : 0, .flock_alone = true};
    const enum lock_outcome outcome = file_lock(fd, &patience);
    if (outcome == LOCK_IMPOSSIBLE)
        return unlockable(err, errno, fd, path);
    return outcome == LOCK_TAKEN || error_set(err, SSA_CONFIG, NULL, path, "another process has locked the journal");
}

int journal_lock(const struct ssa_callbacks *callbacks, bool patient, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!make_folders(err) || !journal_path(JOURNAL_OPEN, lock_name, path, err))
        return -1;
    DESCRIPTOR_AUTO fd = journal_file_open(JOURNAL_OPEN, lock_name, O_RDWR | O_CREAT, err);
    const bool locked = fd >= 0 && owner_check_file(fd, path, err) && take_lock(fd, path, callbacks, patient, err);
    return locked ? descriptor_keep(&fd) : -1;
}

long long journal_number(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    const bool numbered = digits >= NUMBER_DIGITS_LEAST && digits <= NUMBER_DIGITS_MAX && name[digits] == '-';
    return numbered ? strtoll(name, NULL, 10) : 0;
}

static int is_entry(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    const long long one = journal_number((*a)->d_name), other = journal_number((*b)->d_name);
    return one != other ? (one < other ? -1 : 1) : strcmp((*a)->d_name, (*b)->d_name);
}

bool journal_list(enum journal_folder which, struct journal_names *names, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    struct ssa_error why = {0};
    *names = (struct journal_names){0};
    if (!folder_path(which, path, err))
        return false;
    DESCRIPTOR_AUTO folder = journal_folder(which, &why);
    if (folder < 0) {
        const bool absent = errno == ENOENT;
        if (!absent)
            *err = why;
        return absent;
    }
    const int count = scandirat(folder, ".", &names->list, is_entry, by_number);
    if (count < 0)
        return error_errno(err, SSA_CONFIG, errno, path, "the journal cannot be read");
    names->count = (size_t)count;
    return true;
}

void journal_names_free(struct journal_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    *names = (struct journal_names){0};
}
