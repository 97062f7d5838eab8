// Whether a file is still the one that it was.
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

// Which file it was, and as of when. The time of its last change is part of it: unlike that of the last writing, nobody
// can set it back, and it tells of a change of the mode, which may be why a file could not be read before. A mark that
// is all zero is that of no file.
struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec written, changed;
};

struct file_mark file_mark_of(const struct stat *about);
// Returns whether a file is there; a link is followed. Take the mark before you read the file, so that what is written
// meanwhile is noticed.
bool file_mark_path(const char *path, struct file_mark *mark);
bool file_mark_same(const struct file_mark *a, const struct file_mark *b);

// Whether both are the same file, whatever is in it now.
static inline bool file_is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}
