#include "agent/daemon/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/callback.h"
#include "core/descriptor.h"
#include "core/file_lock.h"
#include "core/owner.h"
#include "core/text.h"

enum {
    WAITING_MAX = 1024,
    LOCK_MS = 5000,
    MODE_OWN = 0600,
    MODE_SHARED = 0666,
    FOLDER_OWN = 0700,
    FOLDER_SHARED = 0711
};

void agent_socket_folder(const char *path, char folder[static AGENT_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL || slash == path ? 1 : (size_t)(slash - path);
    // A path of a socket fits.
    (void)text_format(folder, AGENT_PATH_MAX, "%.*s", (int)len, slash == NULL ? "." : path);
}

static bool check_path(const char *path, struct ssa_error *err)
{
    const size_t len = strlen(path);
    if (path[0] != '/' || path[len - 1] == '/')
        return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, path, "is not the absolute path of a socket");
    return len < AGENT_PATH_MAX ||
           error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, path,
                         "is too long for a socket: %zu bytes, and at most %d are allowed", len, AGENT_PATH_MAX - 1);
}

// Tells where others cannot get through: this folder, or one above it.
static void warn_of_closed(const char *folder, const struct ssa_callbacks *callbacks)
{
    struct stat about;
    char path[AGENT_PATH_MAX];
    if (!text_format(path, sizeof path, "%s", folder))
        return;
    for (char *slash; (slash = strrchr(path, '/')) != NULL; *slash = '\0')
        if (stat(path, &about) == 0 && (about.st_mode & S_IXOTH) == 0) {
            tell(callbacks, SSA_WARNING, "%s: other users cannot enter this folder, so they cannot reach the agent",
                 path);
            return;
        }
}

// A link as the folder's last part is refused: whoever made it can let it lead elsewhere. Links above are the user's
// own, or the system's.
static int open_folder(const char *folder, bool shared, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    struct stat about;
    const bool made = mkdir(folder, FOLDER_OWN) == 0;
    if (!made && errno != EEXIST) {
        (void)error_errno(err, SSA_CONFIG, errno, folder, "the folder for the agent's socket cannot be made");
        (void)error_reason(err, SSA_REASON_AGENT_SOCKET, "%s", folder);
        return -1;
    }
    DESCRIPTOR_AUTO fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        const bool is_link = lstat(folder, &about) == 0 && S_ISLNK(about.st_mode);
        (void)error_errno(err, SSA_CONFIG, is_link ? ELOOP : errno, folder,
                          is_link ? "the folder of the agent's socket is a symbolic link, which is not followed"
                                  : "the folder of the agent's socket cannot be opened");
        return -1;
    }
    // mkdir obeys the umask.
    if (made && fchmod(fd, shared ? FOLDER_SHARED : FOLDER_OWN) != 0) {
        (void)error_errno(err, SSA_CONFIG, errno, folder, "the folder's mode cannot be set");
        return -1;
    }
    // A folder such as /tmp is right as it is, and no place for this.
    if (fstat(fd, &about) == 0 && (about.st_mode & S_ISVTX) != 0 && (about.st_mode & S_IWOTH) != 0) {
        (void)error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, folder,
                            "everybody can make files in this folder");
        return -1;
    }
    if (!owner_check_folder(fd, folder, err))
        return -1;
    if (shared)
        warn_of_closed(folder, callbacks);
    return descriptor_keep(&fd);
}

// Whether somebody listens there. A queue that is full is somebody's, too. On failure errno says why nobody does.
static bool is_alive(const struct sockaddr_un *address)
{
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN ||
                       errno == EINPROGRESS);
}

static bool clear_place(int folder, const char *name, const struct sockaddr_un *address, struct ssa_error *err)
{
    struct stat about;
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || error_errno(err, SSA_CONFIG, errno, address->sun_path, "cannot be examined");
    if (!S_ISSOCK(about.st_mode))
        return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, address->sun_path,
                             "is there already, and is not a socket");
    if (is_alive(address))
        return error_because(err, SSA_IN_USE, SSA_REASON_AGENT_RUNS, address->sun_path,
                             "an agent listens there already");
    if (errno != ECONNREFUSED && errno != ENOENT)
        return error_errno(err, SSA_CONFIG, errno, address->sun_path, "it is not known whether an agent listens there");
    return unlinkat(folder, name, 0) == 0 || errno == ENOENT ||
           error_errno(err, SSA_CONFIG, errno, address->sun_path, "a dead agent's socket cannot be removed");
}

static bool listen_at(int folder, const char *name, const struct sockaddr_un *address, bool shared, int *kept,
                      struct ssa_error *err)
{
    const char *path = address->sun_path;
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, path, "no socket can be made");
    // The file gets the mode that the socket has now: there is no moment in which others could connect.
    if (fchmod(fd, MODE_OWN) != 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return error_errno(err, SSA_CONFIG, errno, path, "the agent's socket cannot be made");
    if ((!shared || fchmodat(folder, name, MODE_SHARED, 0) == 0) && listen(fd, WAITING_MAX) == 0) {
        *kept = descriptor_keep(&fd);
        return true;
    }
    error_errno(err, SSA_CONFIG, errno, path, "the agent's socket cannot be opened");
    (void)unlinkat(folder, name, 0);
    return false;
}

bool agent_socket_open(const char *path, bool shared, const struct ssa_callbacks *callbacks, struct agent_socket *made,
                       struct ssa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat about;
    char folder_path[AGENT_PATH_MAX];
    const struct lock_patience patience = {.callbacks = callbacks, .most_ms = LOCK_MS};
    *made = (struct agent_socket){.fd = -1};
    if (!check_path(path, err) || !text_format(address.sun_path, sizeof address.sun_path, "%s", path) ||
        !text_format(made->path, sizeof made->path, "%s", path))
        return false;
    agent_socket_folder(path, folder_path);
    const char *name = strrchr(path, '/') + 1;
    DESCRIPTOR_AUTO folder = open_folder(folder_path, shared, callbacks, err);
    if (folder < 0)
        return false;
    // Where two agents start at once, the lock makes the second find the first one listening. Without locks in the file
    // system, that is only likely.
    if (file_lock(folder, &patience) == LOCK_BUSY)
        return error_because(err, SSA_IN_USE, SSA_REASON_AGENT_RUNS, folder_path,
                             "another process has locked this folder");
    if (!clear_place(folder, name, &address, err) || !listen_at(folder, name, &address, shared, &made->fd, err))
        return false;
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0) {
        made->device = about.st_dev;
        made->inode = about.st_ino;
    }
    return true;
}

void agent_socket_remove(const struct agent_socket *made)
{
    struct stat about;
    if (made->fd >= 0 && lstat(made->path, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_dev == made->device &&
        about.st_ino == made->inode)
        (void)unlink(made->path);
}
