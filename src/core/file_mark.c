#include "core/file_mark.h"

struct file_mark file_mark_of(const struct stat *about)
{
    return (struct file_mark){.device = about->st_dev,
                              .inode = about->st_ino,
                              .size = about->st_size,
                              .written = about->st_mtim,
                              .changed = about->st_ctim};
}

bool file_mark_path(const char *path, struct file_mark *mark)
{
    struct stat about;
    const bool there = stat(path, &about) == 0;
    *mark = there ? file_mark_of(&about) : (struct file_mark){0};
    return there;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->written, &b->written) && same_time(&a->changed, &b->changed);
}
