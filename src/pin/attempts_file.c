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

static const char mark[] = "unanswered", mark_other[] = "refused ";
enum {
    NUMBERS_MAX = 32,
    COUNT_MAX = 9,
    OTHERS_COUNT_MAX = 32,
    RECORD_TEXT_MAX = PIN_RECORD_MAX + sizeof mark + NUMBERS_MAX + PIN_OTHERS_MAX + OTHERS_COUNT_MAX * sizeof mark_other
};

// How much of an identity is the file's path: three numbers may follow it.
static size_t path_length(const char *identity, size_t len)
{
    size_t path = len, at = len;
    for (unsigned words = 0; at > 0 && words < 3;)
        if (identity[--at] == ' ') {
            path = at;
            words++;
        }
    return path;
}

static bool is_same_file(const char *one, size_t one_len, const char *other)
{
    const size_t path = path_length(one, one_len);
    return path == path_length(other, strlen(other)) && memcmp(one, other, path) == 0;
}

static size_t line_length(const char *line)
{
    return strcspn(line, "\n") + 1;
}

bool pin_record_has_other(const struct pin_record *record, const char *identity)
{
    const size_t len = strlen(identity);
    for (const char *line = record->others; len > 0 && *line != '\0'; line += line_length(line))
        if (line_length(line) == len + 1 && memcmp(line, identity, len) == 0)
            return true;
    return false;
}

static void drop_line(char *line)
{
    const char *rest = line + line_length(line);
    memmove(line, rest, strlen(rest) + 1);
}

void pin_record_add_other(struct pin_record *record, const char *identity)
{
    unsigned count = 0;
    const size_t len = strlen(identity);
    if (len == 0 || len + 1 >= sizeof record->others)
        return;
    for (const char *line = record->others; *line != '\0'; line += line_length(line))
        count++;
    while (strlen(record->others) + len + 1 >= sizeof record->others || count >= OTHERS_COUNT_MAX) {
        drop_line(record->others);
        count--;
    }
    const size_t used = strlen(record->others);
    (void)text_format(record->others + used, sizeof record->others - used, "%s\n", identity);
}

void pin_record_drop_file(struct pin_record *record, const char *identity)
{
    for (char *line = record->others; *line != '\0';)
        if (is_same_file(line, line_length(line) - 1, identity))
            drop_line(line);
        else
            line += line_length(line);
}

void pin_record_take_other(struct pin_record *record)
{
    char *last = record->others;
    while (last[line_length(last)] != '\0')
        last += line_length(last);
    record->unanswered = record->level = 0;
    (void)text_format(record->identity, sizeof record->identity, "%.*s", (int)(line_length(last) - 1), last);
    *last = '\0';
}

// A line that was cut off is dropped.
static void read_others(char *line, struct pin_record *record)
{
    const size_t marked = sizeof mark_other - 1;
    for (char *end = strchr(line, '\n'); end != NULL; line = end + 1, end = strchr(line, '\n')) {
        *end = '\0';
        if (strncmp(line, mark_other, marked) == 0)
            pin_record_add_other(record, line + marked);
    }
}

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
    char text[RECORD_TEXT_MAX];
    *record = (struct pin_record){0};
    const ssize_t got = pread(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    record->there = got != 0;
    const size_t len = strcspn(text, "\n");
    if (text[len] == '\n') {
        read_unanswered(text + len + 1, record);
        read_others(text + len + 1, record);
    }
    text[len] = '\0';
    // An identity that is too long is dropped: then the record counts for every PIN.
    if (len < sizeof record->identity)
        memcpy(record->identity, text, len + 1);
}

bool pin_record_write(int fd, const struct pin_record *record)
{
    char text[RECORD_TEXT_MAX];
    char second[sizeof mark + NUMBERS_MAX] = "";
    if (record->unanswered > 0 &&
        !text_format(second, sizeof second, "%s %u %u\n", mark,
                     record->unanswered < COUNT_MAX ? record->unanswered : COUNT_MAX, record->level))
        return false;
    if (!text_format(text, sizeof text, "%s\n%s", record->identity, second))
        return false;
    size_t len = strlen(text);
    for (const char *line = record->others; *line != '\0'; line += line_length(line)) {
        if (!text_format(text + len, sizeof text - len, "%s%.*s", mark_other, (int)line_length(line), line))
            return false;
        len += strlen(text + len);
    }
    return pwrite(fd, text, len, 0) == (ssize_t)len && ftruncate(fd, (off_t)len) == 0;
}
