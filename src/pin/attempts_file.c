#include "pin/attempts_file.h"

#include <assert.h>
#include <ctype.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/file_lock.h"
#include "core/file_mark.h"
#include "core/text.h"

// A process whose module hangs keeps the lock for ever.
enum { LOCK_MS = 30000 };

void pin_file_name(const struct token_info *info, enum pin_file_kind kind, char out[static PIN_FILE_NAME_MAX])
{
    static const char *const kinds[] = {[PIN_FILE_ATTEMPT] = "pin-", [PIN_FILE_COUNT] = "mistyped-"};
    static_assert(sizeof "mistyped-" + sizeof info->serial + sizeof info->label <= PIN_FILE_NAME_MAX,
                  "a name always fits");
    (void)text_format(out, PIN_FILE_NAME_MAX, "%s%s_%s", kinds[kind], info->serial, info->label);
    for (char *c = out + strlen(kinds[kind]); *c != '\0'; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
}

void pin_file_close(struct pin_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    file->fd = -1;
}

// On a file system without locks, the record counts without one.
static bool lock(int fd, const struct ssa_callbacks *callbacks)
{
    const struct lock_patience patience = {.callbacks = callbacks,
                                           .most_ms = LOCK_MS,
                                           .turn = true,
                                           .told =
                                               "waiting for another process that logs in to the same PKCS#11 token"};
    return file_lock(fd, &patience) != LOCK_BUSY;
}

static bool is_at(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && file_is_same(&held, &named);
}

// Locks the open file. PIN_FILE_NONE where the process that had locked it has removed it.
static enum pin_file_found locked(struct pin_file *file, const struct ssa_callbacks *callbacks)
{
    const bool held = lock(file->fd, callbacks);
    if (held && is_at(file->fd, file->path))
        return PIN_FILE_OPEN;
    pin_file_close(file);
    return held ? PIN_FILE_NONE : PIN_FILE_BUSY;
}

enum pin_file_found pin_file_find(struct pin_file *file, const char *name, const struct ssa_callbacks *callbacks)
{
    enum pin_file_found found = PIN_FILE_NONE;
    while (found == PIN_FILE_NONE) {
        bool unreadable = false;
        file->fd = record_find(name, file->path, &unreadable);
        if (file->fd < 0)
            return unreadable ? PIN_FILE_UNREADABLE : PIN_FILE_NONE;
        found = locked(file, callbacks);
    }
    return found;
}

enum pin_file_found pin_file_make(struct pin_file *file, unsigned folder, const char *name,
                                  const struct ssa_callbacks *callbacks)
{
    enum pin_file_found made = PIN_FILE_NONE;
    struct stat about;
    while (made == PIN_FILE_NONE) {
        file->fd = record_make(folder, name, file->path);
        if (file->fd < 0)
            return PIN_FILE_NONE;
        made = locked(file, callbacks);
    }
    if (made == PIN_FILE_OPEN && fstat(file->fd, &about) == 0 && about.st_size > 0) {
        pin_file_close(file);
        return PIN_FILE_ANOTHERS;
    }
    return made;
}

static const char mark[] = "unanswered";
enum { NUMBERS_MAX = 32, COUNT_MAX = 9 };

// Reads the numbers after the mark. A mark without numbers means one try. A malformed line means more tries than any
// rule allows.
static void read_unanswered(const char *line, struct pin_record *record)
{
    if (strncmp(line, mark, sizeof mark - 1) != 0)
        return;
    line += sizeof mark - 1;
    record->unanswered = 1;
    if (*line == '\0' || *line == '\n')
        return;
    // Two numbers of one digit: " 1 0".
    const bool read =
        line[0] == ' ' && isdigit((unsigned char)line[1]) && line[2] == ' ' && isdigit((unsigned char)line[3]);
    record->unanswered = read && line[1] != '0' ? (unsigned)(line[1] - '0') : COUNT_MAX;
    if (read)
        record->level = (unsigned)(line[3] - '0');
}

void pin_record_read(int fd, struct pin_record *record)
{
    char text[PIN_RECORD_MAX + sizeof mark + NUMBERS_MAX];
    *record = (struct pin_record){0};
    const ssize_t got = pread(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    record->there = got != 0;
    const size_t len = strcspn(text, "\n");
    if (text[len] == '\n')
        read_unanswered(text + len + 1, record);
    text[len] = '\0';
    // An identity that is too long is dropped: then the record counts for every PIN.
    if (len < sizeof record->identity)
        memcpy(record->identity, text, len + 1);
}

bool pin_record_write(int fd, const struct pin_record *record)
{
    char text[PIN_RECORD_MAX + sizeof mark + NUMBERS_MAX];
    char second[sizeof mark + NUMBERS_MAX] = "";
    if (record->unanswered > 0 &&
        !text_format(second, sizeof second, "%s %u %u\n", mark,
                     record->unanswered < COUNT_MAX ? record->unanswered : COUNT_MAX, record->level))
        return false;
    if (!text_format(text, sizeof text, "%s\n%s", record->identity, second))
        return false;
    const size_t len = strlen(text);
    return pwrite(fd, text, len, 0) == (ssize_t)len && ftruncate(fd, (off_t)len) == 0;
}
