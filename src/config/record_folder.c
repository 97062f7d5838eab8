#include "config/record_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/descriptor.h"
#include "core/owner.h"
#include "core/text.h"

// All users write to a shared folder, so its user's number is in the name.
static bool in_shared(const char *shared, char out[static PATH_TEXT_MAX])
{
    return shared != NULL && shared[0] == '/' &&
           text_format(out, PATH_TEXT_MAX, "%s/ssa-hsm-%ju", shared, (uintmax_t)geteuid());
}

static bool place_path(unsigned place, char out[static PATH_TEXT_MAX])
{
    const char *runtime = NULL;
    switch (place) {
    case RECORD_IN_STATE:
        return path_state(out, ERROR_IGNORED);
    case 1:
        runtime = secure_getenv("XDG_RUNTIME_DIR");
        return runtime != NULL && runtime[0] == '/' && text_format(out, PATH_TEXT_MAX, "%s/ssa-hsm", runtime);
    case 2:
        return in_shared(secure_getenv("TMPDIR"), out);
    case 3:
        // It outlives a service that has a /tmp of its own.
        return in_shared("/dev/shm", out);
    default:
        return in_shared("/tmp", out);
    }
}

static bool make_place(unsigned place, const char *folder)
{
    if (place == RECORD_IN_STATE)
        return path_make(folder, ERROR_IGNORED);
    // The other parent folders belong to the system: they are not made here.
    return mkdir(folder, S_IRWXU) == 0 || errno == EEXIST;
}

static int open_place(unsigned place, bool make, char path[static PATH_TEXT_MAX])
{
    if (!place_path(place, path))
        return -1;
    // A link in a shared folder may be another user's. One above the state folder is the user's own choice.
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (place == RECORD_IN_STATE ? 0 : O_NOFOLLOW);
    DESCRIPTOR_AUTO fd = open(path, flags);
    if (fd < 0 && errno == ENOENT && make && make_place(place, path))
        fd = open(path, flags);
    return fd >= 0 && owner_check_folder(fd, path, ERROR_IGNORED) ? descriptor_keep(&fd) : -1;
}

static int open_file(int folder, const char *name, int flags, char path[static PATH_TEXT_MAX])
{
    const size_t used = strlen(path);
    if (!text_format(path + used, PATH_TEXT_MAX - used, "/%s", name))
        return -1;
    return openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
}

int record_find_in(unsigned place, const char *name, char path[static PATH_TEXT_MAX], bool *unreadable)
{
    DESCRIPTOR_AUTO folder = open_place(place, false, path);
    if (folder < 0)
        return -1;
    const size_t used = strlen(path);
    DESCRIPTOR_AUTO fd = open_file(folder, name, O_RDWR, path);
    if (fd < 0 && (errno == EACCES || errno == EROFS)) {
        path[used] = '\0';
        fd = open_file(folder, name, O_RDONLY, path);
    }
    if (fd >= 0 && owner_check_file(fd, path, ERROR_IGNORED))
        return descriptor_keep(&fd);
    *unreadable = fd >= 0 || errno != ENOENT;
    return -1;
}

int record_find(const char *name, char path[static PATH_TEXT_MAX], bool *unreadable)
{
    *unreadable = false;
    for (unsigned place = 0; place < RECORD_FOLDERS; place++) {
        const int fd = record_find_in(place, name, path, unreadable);
        if (fd >= 0 || *unreadable)
            return fd;
    }
    return -1;
}

bool record_is_in(unsigned place, const char *path)
{
    char folder[PATH_TEXT_MAX];
    if (!place_path(place, folder))
        return false;
    const size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

int record_make(unsigned place, const char *name, char path[static PATH_TEXT_MAX])
{
    DESCRIPTOR_AUTO folder = open_place(place, true, path);
    return folder < 0 ? -1 : open_file(folder, name, O_RDWR | O_CREAT, path);
}

int record_make_anywhere(const char *name, char path[static PATH_TEXT_MAX])
{
    for (unsigned place = 0; place < RECORD_FOLDERS; place++) {
        const int fd = record_make(place, name, path);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static int make_folder_at(unsigned place, const char *name)
{
    char path[PATH_TEXT_MAX];
    DESCRIPTOR_AUTO folder = open_place(place, true, path);
    if (folder < 0 || (mkdirat(folder, name, S_IRWXU) != 0 && errno != EEXIST))
        return -1;
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int record_make_folder(const char *name)
{
    for (unsigned place = 0; place < RECORD_FOLDERS; place++) {
        const int fd = make_folder_at(place, name);
        if (fd >= 0)
            return fd;
    }
    return -1;
}
