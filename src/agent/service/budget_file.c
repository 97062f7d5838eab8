#include "agent/service/budget_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/file_mark.h"
#include "core/text.h"
#include "core/write.h"

enum { MODE_OWN = 0600, OTHERS = 0077 };

struct budget_boot budget_boot_now(void)
{
    struct budget_boot boot = {0};
    DESCRIPTOR_AUTO fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? 0 : read(fd, boot.id, sizeof boot.id - 1);
    // Without it, one boot could be taken for another.
    if (len <= 0 || (size_t)len == sizeof boot.id - 1)
        return (struct budget_boot){0};
    return boot;
}

// Our own file, to which nobody else has any right.
static bool is_ours(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == geteuid() && about.st_nlink == 1 &&
           (about.st_mode & OTHERS) == 0;
}

// A FIFO must not hold us.
static int open_own(const char *path, int flags)
{
    DESCRIPTOR_AUTO fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, MODE_OWN);
    return fd >= 0 && is_ours(fd) ? descriptor_keep(&fd) : -1;
}

// What is not good is as if it were not there.
static void read_records(struct budget_file *file, long long now)
{
    memset(file->records, 0, sizeof file->records);
    if (file->fd < 0)
        return;
    for (size_t i = 0; i < BUDGET_FILE_RECORDS; i++) {
        struct budget_record *record = &file->records[i];
        const ssize_t len = pread(file->fd, record, sizeof *record, (off_t)(i * sizeof *record));
        if (len != (ssize_t)sizeof *record || !budget_record_is_good(record, &file->boot, now))
            *record = (struct budget_record){0};
    }
}

void budget_file_open(struct budget_file *file, const char *folder, const char *prefix, const struct budget_boot *boot,
                      long long now)
{
    *file = (struct budget_file){.fd = -1, .boot = *boot};
    (void)pthread_mutex_init(&file->mutex, NULL);
    if (folder == NULL || !text_format(file->path, sizeof file->path, "%s/%s%srequests", folder,
                                       prefix != NULL ? prefix : "", prefix != NULL ? "." : ""))
        file->path[0] = '\0';
    if (file->path[0] != '\0' && boot->id[0] != '\0')
        file->fd = open_own(file->path, 0);
    read_records(file, now);
}

static void remove_old(struct budget_file *file, long long now)
{
    struct stat ours, there;
    // Another agent may have begun to write here.
    read_records(file, now);
    for (size_t i = 0; i < BUDGET_FILE_RECORDS; i++)
        if (file->records[i].mark != 0 && budget_record_ends(&file->records[i], now) > now)
            return;
    if (fstat(file->fd, &ours) == 0 && lstat(file->path, &there) == 0 && file_is_same(&ours, &there))
        (void)unlink(file->path);
}

void budget_file_close(struct budget_file *file, long long now)
{
    if (file->fd >= 0) {
        remove_old(file, now);
        (void)close(file->fd);
    }
    file->fd = -1;
    (void)pthread_mutex_destroy(&file->mutex);
}

const struct budget_record *budget_file_find(const struct budget_file *file, const char *name)
{
    for (size_t i = 0; i < BUDGET_FILE_RECORDS; i++)
        if (file->records[i].mark != 0 && strcmp(file->records[i].name, name) == 0)
            return &file->records[i];
    return NULL;
}

size_t budget_file_keep(struct budget_file *file, const struct budget_record *record, long long now)
{
    const struct budget_record *found = budget_file_find(file, record->name);
    size_t place = found != NULL ? (size_t)(found - file->records) : 0;
    // Else the one that says something for the shortest time; a free one ends at 0.
    for (size_t i = 0; found == NULL && i < BUDGET_FILE_RECORDS; i++)
        if (budget_record_ends(&file->records[i], now) < budget_record_ends(&file->records[place], now))
            place = i;
    file->records[place] = *record;
    return place;
}

static void write_record(const struct budget_file *file, size_t place)
{
    const struct budget_record *record = &file->records[place];
    (void)write_all_at(file->fd, span_of(record, sizeof *record), (off_t)(place * sizeof *record));
}

static void make(struct budget_file *file)
{
    file->fd = open_own(file->path, O_CREAT);
    if (file->fd < 0)
        return;
    // From then on a full disk hinders no write.
    (void)write_reserve(file->fd, (off_t)sizeof file->records);
    for (size_t i = 0; i < BUDGET_FILE_RECORDS; i++)
        if (file->records[i].mark != 0)
            write_record(file, i);
}

// Somebody, or an agent that ended, may have removed the file: the next agent would not find what is written there.
static void look_whether_it_is_there(struct budget_file *file)
{
    struct stat about;
    if (file->fd < 0 || fstat(file->fd, &about) != 0 || about.st_nlink > 0)
        return;
    (void)close(file->fd);
    file->fd = -1;
}

void budget_file_write(struct budget_file *file, size_t place)
{
    if (file->path[0] == '\0' || file->boot.id[0] == '\0')
        return;
    look_whether_it_is_there(file);
    if (file->fd >= 0)
        write_record(file, place);
    else
        make(file);
}
