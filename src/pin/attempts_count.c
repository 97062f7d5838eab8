#include "pin/attempts_count.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/descriptor.h"
#include "core/file_lock.h"
#include "pin/attempts_file.h"

unsigned pin_level(const struct token_info *info)
{
    return info->pin_locked ? 3 : info->pin_final_try ? 2 : info->pin_count_low ? 1 : 0;
}

bool pin_record_is_settled(const struct pin_record *record, const struct token_info *info)
{
    return info->pin_low_at_once && record->level == 0 && pin_level(info) == 0;
}

static int find(const struct token_info *info, enum pin_file_kind kind, char path[static PATH_TEXT_MAX])
{
    char name[PIN_FILE_NAME_MAX];
    bool unreadable = false;
    pin_file_name(info, kind, name);
    return record_find(name, path, &unreadable);
}

unsigned pin_attempts_unanswered(const struct token_info *info)
{
    char path[PATH_TEXT_MAX];
    struct pin_record record = {0};
    DESCRIPTOR_AUTO fd = find(info, PIN_FILE_ATTEMPT, path);
    // A locked record is of a try that has not ended: it does not count.
    if (fd >= 0 && file_try_lock(fd) != LOCK_BUSY)
        pin_record_read(fd, &record);
    return pin_record_is_settled(&record, info) ? 0 : record.unanswered;
}

// The file has one byte for each wrong PIN.
static unsigned count_mistyped(const struct token_info *info)
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    DESCRIPTOR_AUTO fd = find(info, PIN_FILE_COUNT, path);
    const bool known = fd >= 0 && fstat(fd, &about) == 0 && about.st_size <= UINT16_MAX;
    return known ? (unsigned)about.st_size : 0;
}

unsigned pin_attempts_count(const struct token_info *info)
{
    return count_mistyped(info) + pin_attempts_unanswered(info);
}

bool pin_is_last_try(const struct token_info *info)
{
    return info->pin_final_try || (info->pin_tries > 0 && pin_attempts_count(info) + 1 >= info->pin_tries);
}

// Where nothing can be written, only the token's own flags count, as for every other program.
void pin_attempts_add(const struct token_info *info, unsigned tries)
{
    char name[PIN_FILE_NAME_MAX], path[PATH_TEXT_MAX];
    if (info->pin_tries == 0)
        return;
    DESCRIPTOR_AUTO fd = find(info, PIN_FILE_COUNT, path);
    pin_file_name(info, PIN_FILE_COUNT, name);
    if (fd < 0)
        fd = record_make_anywhere(name, path);
    if (fd < 0)
        return;
    (void)fcntl(fd, F_SETFL, O_APPEND);
    while (tries > 0 && write(fd, "x", 1) == 1)
        tries--;
    (void)fsync(fd);
}

// A file that another process has locked is of a try that has not ended.
static void forget_in(unsigned folder, const char *name)
{
    char path[PATH_TEXT_MAX];
    DESCRIPTOR_AUTO fd = record_open(folder, name, path);
    if (fd >= 0 && file_try_lock(fd) != LOCK_BUSY)
        (void)unlink(path);
}

void pin_attempts_forget(const struct token_info *info)
{
    char name[PIN_FILE_NAME_MAX];
    for (enum pin_file_kind kind = PIN_FILE_ATTEMPT; kind <= PIN_FILE_COUNT; kind++) {
        pin_file_name(info, kind, name);
        for (unsigned folder = 0; folder < RECORD_FOLDERS; folder++)
            forget_in(folder, name);
    }
}
