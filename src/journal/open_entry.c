// An entry's file has lines of JSON. The last complete line counts.
#include "journal/open_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/file_mark.h"
#include "core/owner.h"
#include "core/text.h"
#include "core/write.h"
#include "journal/entry_json.h"
#include "journal/journal_folder.h"
#include "journal/journal_lines.h"

enum { LINE_MAX_BYTES = 32 * 1024, ROOM = 64 * 1024 };

// The state folder is synced, too: with the first entry, the folders in it are new.
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
    j->fd = journal_file_open(JOURNAL_OPEN, j->id, O_RDWR | O_CREAT | O_EXCL, err);
    if (j->fd < 0)
        return false;
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0 || !write_reserve(j->fd, ROOM))
        return journal_unwritable(err, errno, path);
    return sync_new_entry(err);
}

// Makes the next line. NULs after it overwrite what an interrupted write has left, which would be read as another line.
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

// The length of the line without the NULs after it.
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
    const size_t reached = j->written + line.len;
    j->dirty = j->dirty > reached ? j->dirty : reached;
    j->entry->line--;
    return journal_unwritable(err, errno, j->id);
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

// The error says why the file was not opened: links and sockets are not.
static enum journal_found unopened(int number, struct ssa_error *why, const char *path)
{
    if (number == ENOENT)
        return FOUND_NOTHING;
    if (number == ELOOP || number == ENXIO || number == EISDIR)
        return stray(why, path);
    return number == EACCES || number == EPERM ? FOUND_UNKNOWN : FOUND_FAULT;
}

// The process that had locked it may have moved it since.
static bool is_still_there(int fd, const char *name)
{
    struct stat held, named;
    DESCRIPTOR_AUTO folder = journal_folder(JOURNAL_OPEN, ERROR_IGNORED);
    return folder >= 0 && fstat(fd, &held) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           file_is_same(&held, &named);
}

static bool damaged(struct ssa_error *why, const char *path, bool earlier)
{
    char what[sizeof why->what];
    memcpy(what, why->what, sizeof what);
    return error_because(why, SSA_CONFIG, earlier ? SSA_REASON_ENTRY_OF_EARLIER_VERSION : SSA_REASON_ENTRY_DAMAGED,
                         path, "%s", earlier ? "was left by an earlier version, which wrote no checksums" : what);
}

static bool read_entry_file(struct journal *j, int fd, const char *path, struct ssa_error *why)
{
    SECRET_AUTO text = {0};
    struct lines_end end;
    if (!journal_file_room(fd, &text, why))
        return false;
    if (!journal_file_read(fd, &text))
        return error_errno(why, SSA_CONFIG, errno, path, "the journal's entry cannot be read");
    const enum lines lines = lines_read(secret_span(&text), j->entry, &end, why);
    if (lines == LINES_DAMAGED)
        return damaged(why, path, lines_are_earlier(secret_span(&text)));
    if (lines == LINES_READ && strcmp(j->entry->id, j->id) != 0) {
        error_set(why, SSA_CONFIG, NULL, path, "the entry says that it is another entry (%s)", j->entry->id);
        return damaged(why, path, false);
    }
    j->written = end.at;
    j->dirty = end.dirty;
    j->unfinished = end.unfinished;
    return true;
}

// Locks the entry, unless another process has done so. Where it cannot be locked at all, it is left as it is.
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
        return FOUND_FAULT;
    }
    if (!is_still_there(fd, j->id))
        return FOUND_NOTHING;
    if (!read_entry_file(j, fd, path, why))
        return why->reason != SSA_REASON_NONE ? FOUND_UNKNOWN : FOUND_FAULT;
    j->fd = ours ? fd : -1;
    return FOUND_ENTRY;
}

enum journal_found journal_open(struct journal *j, const char *name, struct ssa_error *why)
{
    char path[PATH_TEXT_MAX];
    j->fd = -1;
    if (j->entry == NULL && (j->entry = entry_new(why)) == NULL)
        return FOUND_FAULT;
    if (!journal_path(JOURNAL_OPEN, name, path, why))
        return FOUND_STRAY;
    if (!text_format(j->id, sizeof j->id, "%s", name))
        return stray(why, path);
    DESCRIPTOR_AUTO fd = journal_file_open(JOURNAL_OPEN, name, O_RDWR, why);
    if (fd < 0)
        return unopened(errno, why, path);
    const enum journal_found found = examine(j, fd, path, why);
    if (j->fd >= 0)
        (void)descriptor_keep(&fd);
    return found;
}

static bool is_held(const char *name)
{
    DESCRIPTOR_AUTO fd = journal_file_open(JOURNAL_OPEN, name, O_RDONLY, ERROR_IGNORED);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

bool journal_forget(const char *name, char path[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    if (!journal_path(JOURNAL_FORGOTTEN, name, path, err) ||
        !path_format(folder, err, "%.*s", (int)(strrchr(path, '/') - path), path) || !path_make(folder, err))
        return false;
    if (is_held(name))
        return error_set(err, SSA_CONFIG, NULL, name, "another process has locked this entry of the journal");
    return journal_file_move(JOURNAL_OPEN, name, JOURNAL_FORGOTTEN, name, err);
}

void journal_remove(const struct journal *j)
{
    DESCRIPTOR_AUTO folder = journal_folder(JOURNAL_OPEN, ERROR_IGNORED);
    if (folder >= 0)
        (void)unlinkat(folder, j->id, 0);
}
