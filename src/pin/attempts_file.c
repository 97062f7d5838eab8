#include "pin/attempts_file.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/file_lock.h"
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
                                           .told =
                                               "waiting for another process that logs in to the same PKCS#11 token"};
    return file_lock(fd, &patience) != LOCK_BUSY;
}

static bool is_at(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
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
