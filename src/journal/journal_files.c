// The files of the journal: lines of JSON, of which the last whole one counts.
#include "journal/journal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/owner.h"
#include "core/secret.h"
#include "core/text.h"
#include "core/write.h"
#include "journal/entry_json.h"
#include "journal/journal_lines.h"

enum {
    LINE_MAX_BYTES = 32 * 1024,
    FILE_BYTES = 256 * 1024,
    ROOM = 64 * 1024,
    NUMBER_DIGITS = 8 // at least
};

// Opens a file in one of the folders, which must be ours. What is no regular file is not waited for. On
// failure err is filled, and errno says why.
static int open_in(enum journal_folder which, const char *name, int flags, struct ssa_error *err)
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

// The folder of folders too: where the first entry is made they are new themselves.
static bool sync_new_entry(struct ssa_error *err)
{
    char state[PATH_TEXT_MAX];
    return journal_sync(JOURNAL_OPEN, err) && path_state(state, err) &&
           (write_sync_folder(state) || journal_unwritable(err, errno, state));
}

bool journal_create(struct journal *j, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!journal_path(JOURNAL_OPEN, j->id, path, err))
        return false;
    j->fd = open_in(JOURNAL_OPEN, j->id, O_RDWR | O_CREAT | O_EXCL, err);
    if (j->fd < 0)
        return journal_unwritable(err, errno, path);
    int number = flock(j->fd, LOCK_EX | LOCK_NB) == 0 && write_reserve(j->fd, ROOM) ? 0 : errno;
    return (number == 0 || journal_unwritable(err, number, path)) && sync_new_entry(err);
}

// Room for what the file holds: thousands of closed ones are read at once, of a few kilobytes each.
static bool room_for(int fd, struct secret *text, struct ssa_error *err)
{
    struct stat s;
    const bool small = fstat(fd, &s) == 0 && s.st_size > 0 && s.st_size < FILE_BYTES;
    return secret_new(text, small ? (size_t)s.st_size : (size_t)FILE_BYTES, err);
}

static bool read_file(int fd, struct secret *text)
{
    ssize_t got = 0;
    text->len = 0;
    while (text->len < text->capacity &&
           (got = pread(fd, text->data + text->len, text->capacity - text->len, (off_t)text->len)) > 0)
        text->len += (size_t)got;
    return got >= 0;
}

// The next line: what a write that broke off has left behind it goes, lest it be read as more.
static bool make_line(const struct journal *j, struct secret *line, struct ssa_error *err)
{
    if (!secret_new(line, LINE_MAX_BYTES, err) || (j->unfinished && !secret_append_text(line, "\n")) ||
        !entry_write(j->entry, line, err))
        return false;
    bool fits = secret_append_text(line, "\n");
    while (fits && j->written + line->len < j->dirty)
        fits = secret_append(line, span_of((const uint8_t *)"", 1));
    return fits || error_set(err, SSA_UNEXPECTED, NULL, NULL, "the journal's entry is too long");
}

// Where the line ends, in which the NULs behind it are not counted.
static size_t line_length(const struct secret *line)
{
    return (size_t)((const uint8_t *)memrchr(line->data, '\n', line->len) - line->data) + 1;
}

bool journal_write(struct journal *j, struct ssa_error *err)
{
    SECRET_AUTO line = {0};
    j->entry->line++;
    if (!make_line(j, &line, err)) {
        j->entry->line--;
        return false;
    }
    if (write_all_at(j->fd, secret_span(&line), (off_t)j->written) && write_sync_data(j->fd)) {
        j->written += line_length(&line);
        j->dirty = j->written;
        j->unfinished = false;
        return true;
    }
    const int number = errno;
    const size_t reached = j->written + line.len;
    j->dirty = j->dirty > reached ? j->dirty : reached;
    j->entry->line--;
    return journal_unwritable(err, number, j->id);
}

// "20240125T030804.000000Z-0badcafe", as journal_begin makes it.
static bool is_called_as_an_entry(const char *name)
{
    static const char pattern[] = "00000000T000000.000000Z-xxxxxxxx";
    if (strlen(name) != sizeof pattern - 1)
        return false;
    for (size_t i = 0; pattern[i] != '\0'; i++) {
        const char one[] = {pattern[i], '\0'};
        const char *allowed = one[0] == '0' ? "0123456789" : one[0] == 'x' ? "0123456789abcdef" : one;
        if (strchr(allowed, name[i]) == NULL)
            return false;
    }
    return true;
}

static enum journal_found stray(struct ssa_error *why, const char *path)
{
    error_set(why, SSA_CONFIG, NULL, path, "is not an entry of the journal");
    return FOUND_STRAY;
}

// Neither a link nor a socket is opened.
static enum journal_found unopened(int number, struct ssa_error *why, const char *path)
{
    if (number == ENOENT)
        return FOUND_NOTHING;
    return number == ELOOP || number == ENXIO || number == EISDIR ? stray(why, path) : FOUND_UNKNOWN;
}

// Whoever held it may have put it away meanwhile.
static bool is_still_there(int fd, const char *name)
{
    struct stat held, named;
    const int folder = journal_folder(JOURNAL_OPEN, ERROR_IGNORED);
    const bool there = folder >= 0 && fstat(fd, &held) == 0 &&
                       fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
    if (folder >= 0)
        (void)close(folder);
    return there;
}

static bool damaged(struct ssa_error *why, const char *path, bool earlier)
{
    char what[sizeof why->what];
    (void)text_format(what, sizeof what, "%s", why->what);
    error_set(why, SSA_CONFIG, NULL, path, "%s",
              earlier ? "was left by an earlier version, which wrote no checksums" : what);
    return error_reason(why, earlier ? SSA_REASON_ENTRY_OF_EARLIER_VERSION : SSA_REASON_ENTRY_DAMAGED, NULL);
}

static bool read_entry_file(struct journal *j, int fd, const char *path, struct ssa_error *why)
{
    SECRET_AUTO text = {0};
    struct lines_end end;
    if (!room_for(fd, &text, why))
        return false;
    if (!read_file(fd, &text))
        return error_errno(why, SSA_CONFIG, errno, path, "the journal's entry cannot be read");
    const enum lines lines = lines_read(secret_span(&text), j->entry, &end, why);
    if (lines == LINES_DAMAGED)
        return damaged(why, path, lines_are_earlier(secret_span(&text)));
    if (lines == LINES_READ && strcmp(j->entry->id, j->id) != 0) {
        error_set(why, SSA_CONFIG, NULL, path, "the entry says that it is another (%s)", j->entry->id);
        return damaged(why, path, false);
    }
    j->written = end.at;
    j->dirty = end.dirty;
    j->unfinished = end.unfinished;
    return true;
}

// Locked, unless another process holds it. A lock that there cannot be leaves the entry alone.
static enum journal_found examine(struct journal *j, int fd, const char *path, struct ssa_error *why)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || !is_called_as_an_entry(j->id))
        return stray(why, path);
    if (!owner_check_file(fd, path, why))
        return FOUND_UNKNOWN;
    const bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!ours && errno != EWOULDBLOCK) {
        (void)error_errno(why, SSA_CONFIG, errno, path, "the journal's entry cannot be locked");
        return FOUND_UNKNOWN;
    }
    if (!is_still_there(fd, j->id))
        return FOUND_NOTHING;
    if (!read_entry_file(j, fd, path, why))
        return FOUND_UNKNOWN;
    j->fd = ours ? fd : -1;
    return FOUND_ENTRY;
}

enum journal_found journal_open(struct journal *j, const char *name, struct ssa_error *why)
{
    char path[PATH_TEXT_MAX];
    j->fd = -1;
    if (j->entry == NULL && (j->entry = entry_new(why)) == NULL)
        return FOUND_UNKNOWN;
    if (!journal_path(JOURNAL_OPEN, name, path, why))
        return FOUND_STRAY;
    if (!text_format(j->id, sizeof j->id, "%s", name))
        return stray(why, path);
    const int fd = open_in(JOURNAL_OPEN, name, O_RDWR, why);
    if (fd < 0)
        return unopened(errno, why, path);
    const enum journal_found found = examine(j, fd, path, why);
    if (j->fd < 0)
        (void)close(fd);
    return found;
}

// Not while a process is at work with it.
static bool is_held(const char *name)
{
    const int fd = open_in(JOURNAL_OPEN, name, O_RDONLY, ERROR_IGNORED);
    const bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        (void)close(fd);
    return held;
}

static bool move(enum journal_folder from, const char *old_name, enum journal_folder to, const char *new_name,
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
    return (moved || journal_unwritable(err, number, path)) && journal_sync(to, err) &&
           journal_sync(from, err);
}

bool journal_forget(const char *name, char path[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    if (!journal_path(JOURNAL_FORGOTTEN, name, path, err) ||
        !text_format(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path) ||
        !path_make(folder, err))
        return false;
    if (is_held(name))
        return error_set(err, SSA_CONFIG, NULL, name, "another process holds this entry of the journal");
    return move(JOURNAL_OPEN, name, JOURNAL_FORGOTTEN, name, err);
}

// The file of a closed entry, whose text is in *text.
static bool read_whole_closed(const char *name, struct secret *text, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    const int fd =
        journal_path(JOURNAL_CLOSED, name, path, err) ? open_in(JOURNAL_CLOSED, name, O_RDONLY, err) : -1;
    if (fd < 0)
        return false;
    const bool read =
        owner_check_file(fd, path, err) && room_for(fd, text, err) && secret_read_fd(text, fd, path, err);
    (void)close(fd);
    return read;
}

bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    struct ssa_error why = {0};
    SECRET_AUTO text = {0};
    if (!journal_path(JOURNAL_CLOSED, name, path, err) || !read_whole_closed(name, &text, err))
        return false;
    return (text.len > 0 && lines_read_closed(secret_span(&text), entry, &why)) ||
           error_set(err, SSA_CONFIG, NULL, path, "is not an entry of the history: %s",
                     text.len > 0 ? why.what : "it is empty");
}

bool journal_name(const struct entry *entry, char out[static JOURNAL_NAME_MAX])
{
    return text_format(out, JOURNAL_NAME_MAX, "%0*lld-%s", NUMBER_DIGITS, entry->sequence, entry->id);
}

bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!read_whole_closed(name, &text, err))
        return false;
    fingerprint(secret_span(&text), hash);
    return true;
}

static bool is_file(int folder, const char *name)
{
    struct stat about;
    return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode);
}

// The highest number in the folder, and whose name has it. What is no file has none. Not sorted: this is done
// at the end of each operation.
static bool find_last(DIR *dir, char last[static NAME_MAX + 1], long long *highest)
{
    errno = 0;
    for (const struct dirent *d; (d = readdir(dir)) != NULL; errno = 0) {
        const long long number = journal_number(d->d_name);
        if (number > *highest && is_file(dirfd(dir), d->d_name) &&
            text_format(last, NAME_MAX + 1, "%s", d->d_name))
            *highest = number;
    }
    return errno == 0;
}

bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX], last[NAME_MAX + 1] = "";
    long long highest = 0;
    const int folder = journal_path(JOURNAL_CLOSED, "", path, err) ? journal_folder(JOURNAL_CLOSED, err) : -1;
    if (folder < 0)
        return false;
    DIR *dir = fdopendir(folder);
    const bool read = dir != NULL && find_last(dir, last, &highest);
    const int number = errno;
    (void)(dir != NULL ? closedir(dir) : close(folder));
    if (!read)
        return error_errno(err, SSA_CONFIG, number, path, "the history cannot be read");
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
    if (!journal_name(j->entry, name) || ftruncate(j->fd, (off_t)j->written) != 0 ||
        !write_sync_file(j->fd) || !read_file(j->fd, &text))
        return journal_unwritable(err, errno, j->id);
    fingerprint(secret_span(&text), hash);
    return true;
}

bool journal_put_away(const struct journal *j, const char *name, struct ssa_error *err)
{
    return move(JOURNAL_OPEN, j->id, JOURNAL_CLOSED, name, err);
}

void journal_remove(const struct journal *j)
{
    const int folder = journal_folder(JOURNAL_OPEN, ERROR_IGNORED);
    if (folder < 0)
        return;
    (void)unlinkat(folder, j->id, 0);
    (void)close(folder);
}
