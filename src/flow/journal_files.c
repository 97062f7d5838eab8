// The files of the journal: lines of JSON, of which the last whole one counts.
#include "flow/journal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/secret.h"
#include "core/tell.h"
#include "core/text.h"
#include "core/write.h"

enum {
    LINE_MAX_BYTES = 32 * 1024,
    FILE_BYTES = 256 * 1024,
    ROOM = 64 * 1024,
    POLL_MS = 20,
    NUMBER_DIGITS = 8, // at least
    NUMBER_DIGITS_MAX = 18,
    PATIENCE_MS = 30000
};

static const char *const folders[] = {[JOURNAL_OPEN] = "journal", [JOURNAL_CLOSED] = "history"};

static bool folder_path(enum journal_folder which, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char state[PATH_TEXT_MAX];
    return path_state(state, err) &&
           (text_format(out, PATH_TEXT_MAX, "%s/%s", state, folders[which]) ||
            error_set(err, SSA_CONFIG, "ENAMETOOLONG", state, "the path is too long"));
}

static bool file_path(enum journal_folder which, const char *name, char out[static PATH_TEXT_MAX],
                      struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    return folder_path(which, folder, err) &&
           (text_format(out, PATH_TEXT_MAX, "%s/%s", folder, name) ||
            error_set(err, SSA_CONFIG, "ENAMETOOLONG", folder, "the path is too long"));
}

static bool unwritable(struct ssa_error *err, int number, const char *path)
{
    error_errno(err, SSA_CONFIG, number, path, "the journal cannot be written, so nothing is begun");
    return error_hint(err,
                      "It keeps what a crash would leave behind from being forgotten: make "
                      "$XDG_STATE_HOME/ssa-hsm (~/.local/state/ssa-hsm) writable, with room on the disk.");
}

bool journal_may_hold_any(void)
{
    char path[PATH_TEXT_MAX];
    DIR *dir = folder_path(JOURNAL_OPEN, path, NULL) ? opendir(path) : NULL;
    if (dir == NULL)
        return false;
    bool any = false;
    for (const struct dirent *d; !any && (d = readdir(dir)) != NULL;)
        any = d->d_name[0] != '.';
    (void)closedir(dir);
    return any;
}

int journal_lock(const struct ssa_callbacks *callbacks, bool patient, struct ssa_error *err)
{
    static const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    char closed[PATH_TEXT_MAX], open_ones[PATH_TEXT_MAX], path[PATH_TEXT_MAX];
    struct ssa_error why = {0};
    if (!folder_path(JOURNAL_OPEN, open_ones, err) || !folder_path(JOURNAL_CLOSED, closed, err) ||
        !file_path(JOURNAL_OPEN, ".lock", path, err))
        return -1;
    if (!path_make(open_ones, &why) || !path_make(closed, &why)) {
        (void)unwritable(&why, errno, open_ones);
        if (err != NULL)
            *err = why;
        return -1;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        (void)unwritable(err, errno, open_ones);
        return -1;
    }
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += POLL_MS) {
        if (!patient || waited >= PATIENCE_MS || interrupted(callbacks)) {
            (void)close(fd);
            (void)error_set(err, SSA_CONFIG, NULL, path, "another process holds the journal");
            return -1;
        }
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}

static bool sync_path(const char *path, struct ssa_error *err)
{
    return sync_folder(path) || unwritable(err, errno, path);
}

static bool sync_own(enum journal_folder which, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    return folder_path(which, path, err) && sync_path(path, err);
}

// The folder of folders too: where the first entry is made they are new themselves.
static bool sync_new_entry(struct ssa_error *err)
{
    char state[PATH_TEXT_MAX];
    return sync_own(JOURNAL_OPEN, err) && path_state(state, err) && sync_path(state, err);
}

bool journal_create(struct journal *j, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!file_path(JOURNAL_OPEN, j->id, path, err))
        return false;
    j->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (j->fd < 0)
        return unwritable(err, errno, path);
    int number = flock(j->fd, LOCK_EX | LOCK_NB) == 0 ? posix_fallocate(j->fd, 0, ROOM) : errno;
    return (number == 0 || unwritable(err, number, path)) && sync_new_entry(err);
}

// Room for what the file holds: thousands of closed ones are read at once, of a few kilobytes each.
static bool room_for(int fd, struct secret *text, struct ssa_error *err)
{
    struct stat s;
    const bool small = fstat(fd, &s) == 0 && s.st_size > 0 && s.st_size < FILE_BYTES;
    return secret_new(text, small ? (size_t)s.st_size : (size_t)FILE_BYTES, err);
}

// Where the file's text ends: behind it there is room, which reads as NUL.
static bool read_file(int fd, struct secret *text)
{
    ssize_t got = 0;
    text->len = 0;
    while (text->len < text->capacity &&
           (got = pread(fd, text->data + text->len, text->capacity - text->len, (off_t)text->len)) > 0)
        text->len += (size_t)got;
    if (got < 0)
        return false;
    const uint8_t *end = memchr(text->data, '\0', text->len);
    if (end != NULL)
        text->len = (size_t)(end - text->data);
    return true;
}

bool journal_write(struct journal *j, struct ssa_error *err)
{
    SECRET_AUTO line = {0};
    struct json_writer w;
    if (!secret_new(&line, LINE_MAX_BYTES, err))
        return false;
    if (!json_begin(&w, &line, false))
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for the journal");
    entry_write(&j->entry, &w);
    if (!json_end(&w, err))
        return false;
    // An indented writer ends its text with a line break, this one does not.
    if (!secret_append_text(&line, "\n"))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the journal's entry is too long");
    if (write_all_at(j->fd, secret_span(&line), (off_t)j->written) && fdatasync(j->fd) == 0) {
        j->written += line.len;
        return true;
    }
    return unwritable(err, errno, j->id);
}

enum last { LAST_READ, LAST_NONE, LAST_BROKEN };

// The last line that is whole and readable, and where the next one goes. None: there is not even one that is
// whole.
static enum last read_last(int fd, struct entry *entry, size_t *end)
{
    SECRET_AUTO text = {0};
    bool any = false;
    *entry = (struct entry){0};
    *end = 0;
    if (!room_for(fd, &text, NULL) || !read_file(fd, &text))
        return LAST_BROKEN;
    while (text.len > 0) {
        const uint8_t *newline = memrchr(text.data, '\n', text.len);
        if (newline == NULL)
            break;
        any = true;
        *end = (size_t)(newline - text.data) + 1;
        text.len = *end - 1;
        const uint8_t *before = text.len == 0 ? NULL : memrchr(text.data, '\n', text.len);
        const size_t start = before == NULL ? 0 : (size_t)(before - text.data) + 1;
        if (entry_read(span_of(text.data + start, text.len - start), entry, NULL))
            return LAST_READ;
        text.len = start;
    }
    return any ? LAST_BROKEN : LAST_NONE;
}

bool journal_open(struct journal *j, const char *name, bool *found, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    *found = false;
    if (!file_path(JOURNAL_OPEN, name, path, err) ||
        (!text_format(j->id, sizeof j->id, "%s", name) &&
         !error_set(err, SSA_CONFIG, NULL, path, "is no entry of the journal")))
        return false;
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT || unwritable(err, errno, path);
    const bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!ours && errno != EWOULDBLOCK) {
        const int number = errno;
        (void)close(fd);
        return error_errno(err, SSA_CONFIG, number, path, "the journal's entry cannot be locked");
    }
    struct stat held, named;
    // Whoever held it may have put it away meanwhile.
    *found = fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino;
    if (*found && read_last(fd, &j->entry, &j->written) == LAST_BROKEN) {
        tell(j->callbacks, SSA_WARNING, "%s is no entry of the journal that can be read: it is left as it is",
             path);
        *found = false;
    }
    if (ours && *found)
        j->fd = fd;
    else
        (void)close(fd);
    return true;
}

// What is no regular file is not waited for.
static int open_closed(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    size_t end = 0;
    if (!file_path(JOURNAL_CLOSED, name, path, err))
        return false;
    const int fd = open_closed(path);
    const bool read = fd >= 0 && read_last(fd, entry, &end) == LAST_READ;
    if (fd >= 0)
        (void)close(fd);
    return read || error_set(err, SSA_CONFIG, NULL, path, "is no entry of the history");
}

long long journal_number(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    const bool numbered = digits >= NUMBER_DIGITS && digits <= NUMBER_DIGITS_MAX && name[digits] == '-';
    return numbered ? strtoll(name, NULL, 10) : 0;
}

bool journal_name(const struct entry *entry, char out[static JOURNAL_NAME_MAX])
{
    return text_format(out, JOURNAL_NAME_MAX, "%0*lld-%s", NUMBER_DIGITS, entry->sequence, entry->id);
}

bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    SECRET_AUTO text = {0};
    if (!file_path(JOURNAL_CLOSED, name, path, err))
        return false;
    const int fd = open_closed(path);
    if (fd < 0)
        return error_errno(err, SSA_CONFIG, errno, path, "the history's entry cannot be read");
    const bool read = room_for(fd, &text, err) && secret_read_fd(&text, fd, path, err);
    (void)close(fd);
    if (read)
        fingerprint(secret_span(&text), hash);
    return read;
}

bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX], last[NAME_MAX + 1] = "";
    long long highest = 0;
    if (!folder_path(JOURNAL_CLOSED, path, err))
        return false;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return error_errno(err, SSA_CONFIG, errno, path, "the journal cannot be read");
    // Another's file in between has no number. Not sorted: this is done at the end of each operation.
    errno = 0;
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        const long long number = d->d_type == DT_DIR ? 0 : journal_number(d->d_name);
        if (number > highest && text_format(last, sizeof last, "%s", d->d_name))
            highest = number;
    }
    const int number = errno;
    (void)closedir(dir);
    if (number != 0)
        return error_errno(err, SSA_CONFIG, number, path, "the journal cannot be read");
    *sequence = highest + 1;
    previous[0] = '\0';
    return highest == 0 || journal_hash_closed(last, previous, err);
}

bool journal_seal(const struct journal *j, char name[static JOURNAL_NAME_MAX],
                  char hash[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!secret_new(&text, FILE_BYTES, err))
        return false;
    // Synced: what is in the chain must not have its room again after a power loss.
    if (!journal_name(&j->entry, name) || ftruncate(j->fd, (off_t)j->written) != 0 || fsync(j->fd) != 0 ||
        !read_file(j->fd, &text))
        return unwritable(err, errno, j->id);
    fingerprint(secret_span(&text), hash);
    return true;
}

bool journal_put_away(const struct journal *j, const char *name, struct ssa_error *err)
{
    char from[PATH_TEXT_MAX], to[PATH_TEXT_MAX];
    if (!file_path(JOURNAL_OPEN, j->id, from, err) || !file_path(JOURNAL_CLOSED, name, to, err))
        return false;
    if (rename(from, to) != 0)
        return unwritable(err, errno, to);
    return sync_own(JOURNAL_CLOSED, err) && sync_own(JOURNAL_OPEN, err);
}

void journal_remove(const struct journal *j)
{
    char path[PATH_TEXT_MAX];
    if (file_path(JOURNAL_OPEN, j->id, path, NULL))
        (void)unlink(path);
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

bool journal_list(enum journal_folder folder, struct journal_names *names, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    *names = (struct journal_names){0};
    if (!folder_path(folder, path, err))
        return false;
    const int count = scandir(path, &names->list, is_entry, by_number);
    if (count < 0)
        return errno == ENOENT || error_errno(err, SSA_CONFIG, errno, path, "the journal cannot be read");
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
