#include "core/helper.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/monotonic.h"
#include "core/text.h"
#include "core/wipe.h"

enum { FD_LEAST = 64, FD_LEAST_OF_FEW = 10, NAME_ROOM = 256, LOOK_UP_MS = 20 };

int helper_move_up(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, FD_LEAST);
    if (moved < 0)
        moved = fcntl(fd, F_DUPFD_CLOEXEC, FD_LEAST_OF_FEW);
    if (moved < 0)
        return fd;
    (void)close(fd);
    return moved;
}

bool helper_socket(int *ours, int *its)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    *ours = helper_move_up(pair[0]);
    *its = helper_move_up(pair[1]);
    return true;
}

// What the dynamic linker knows of the file that this code is in. It is asked while that is loaded: later, it would
// answer no sooner than another thread has loaded a library.
static const struct link_map *own_map;

__attribute__((constructor)) static void find_own_map(void)
{
    static const char here;
    Dl_info info;
    void *map = NULL;
    own_map = dladdr1(&here, &info, &map, RTLD_DL_LINKMAP) != 0 ? map : NULL;
}

// The file that this code is in: the shared library, or the program. False where it is not known.
static bool find_own_file(char path[static HELPER_PATH_MAX])
{
    if (own_map != NULL && own_map->l_name[0] != '\0')
        return text_format(path, HELPER_PATH_MAX, "%s", own_map->l_name);
    const ssize_t len = readlink("/proc/self/exe", path, HELPER_PATH_MAX - 1);
    path[len > 0 ? len : 0] = '\0';
    return len > 0;
}

// In a folder where others may write, somebody else's file could have the name: it would be given the PIN.
static bool is_trusted(const char *program, const struct stat *own)
{
    struct stat about;
    return stat(program, &about) == 0 && S_ISREG(about.st_mode) && access(program, X_OK) == 0 &&
           (about.st_uid == 0 || about.st_uid == geteuid() || about.st_uid == own->st_uid);
}

const char *helper_find(const struct helper_places *places, char path[static HELPER_PATH_MAX])
{
    struct stat own;
    const char *named = secure_getenv(places->variable);
    if (text_present(named))
        return named;
    if (!find_own_file(path) || stat(path, &own) != 0)
        return places->installed;
    char *name = strrchr(path, '/');
    for (size_t i = 0; name != NULL && i < HELPER_PLACES; i++)
        if (text_format(name, HELPER_PATH_MAX - (size_t)(name - path), "/%s", places->places[i]) &&
            is_trusted(path, &own))
            return path;
    return places->installed;
}

// A name that is too long for ours is another's.
static bool is_withheld(const char *entry, helper_withheld *withheld, const void *context)
{
    char name[NAME_ROOM];
    const size_t len = strcspn(entry, "=");
    return withheld != NULL && text_format(name, sizeof name, "%.*s", (int)len, entry) &&
           withheld(context, name, entry[len] == '=' ? entry + len + 1 : "");
}

char **helper_environment(char *const *environment, helper_withheld *withheld, const void *context)
{
    size_t count = 0, kept = 0;
    // clearenv(3) leaves NULL.
    while (environment != NULL && environment[count] != NULL)
        count++;
    char **list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        if (!is_withheld(environment[i], withheld, context))
            list[kept++] = environment[i];
    return list;
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t all, held_back;
    (void)sigfillset(&all);
    (void)sigemptyset(&held_back);
    (void)sigaddset(&held_back, SIGINT);
    (void)sigaddset(&held_back, SIGTERM);
    (void)sigaddset(&held_back, SIGHUP);
    (void)sigaddset(&held_back, SIGQUIT);
    int failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setsigmask(attributes, &held_back);
    if (failed == 0)
        failed = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    return failed;
}

int helper_spawn(struct helper *helper, const char *program, char *const *argv, char *const *env,
                 const posix_spawn_file_actions_t *actions)
{
    posix_spawnattr_t attributes;
    *helper = (struct helper){.socket = -1, .process = -1};
    int failed = posix_spawnattr_init(&attributes);
    if (failed != 0)
        return failed;
    failed = set_signals(&attributes);
    // The child has our registers until it runs the program.
    secret_wipe_stack();
    if (failed == 0)
        failed = posix_spawn(&helper->pid, program, actions, &attributes, argv, env);
    (void)posix_spawnattr_destroy(&attributes);
    // The number is unspecified after a failure.
    helper->pid = failed == 0 ? helper->pid : 0;
    helper->process = failed == 0 ? helper_move_up(pidfd_open(helper->pid, 0)) : -1;
    return failed;
}

// By the pidfd: whoever waits for any child takes the end of ours, and the number may be another child's by then. It is
// used only where there is no pidfd, or the kernel (before 5.4) does not wait by one.
static int wait_for(const struct helper *helper, siginfo_t *info, int flags)
{
    *info = (siginfo_t){0};
    const int done = waitid(P_PIDFD, (id_t)helper->process, info, WEXITED | flags);
    if (done == 0 || errno == ECHILD || errno == EINTR)
        return done;
    return waitid(P_PID, (id_t)helper->pid, info, WEXITED | flags);
}

bool helper_has_ended(const struct helper *helper)
{
    siginfo_t info;
    return wait_for(helper, &info, WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

static bool send_kill(const struct helper *helper)
{
    return pidfd_send_signal(helper->process, SIGKILL, NULL, 0) == 0 ||
           (errno != ESRCH && kill(helper->pid, SIGKILL) == 0);
}

static int status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0) : info->si_status;
}

static bool ends_by_itself(const struct helper *helper, int patience_ms)
{
    const long long until = monotonic_ms() + patience_ms;
    struct pollfd fd = {.fd = helper->process, .events = POLLIN};
    while (!helper_has_ended(helper)) {
        if (monotonic_ms() >= until)
            return false;
        (void)poll(&fd, 1, LOOK_UP_MS);
    }
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

int helper_end(struct helper *helper, int patience_ms)
{
    siginfo_t info = {0};
    bool by_itself = false;
    // A connection that is shut down looks closed to the helper.
    if (helper->socket >= 0)
        (void)shutdown(helper->socket, SHUT_RDWR);
    if (helper->pid > 0) {
        by_itself = ends_by_itself(helper, patience_ms);
        // One that this process may not end, since it has become another user, is not waited for.
        if (by_itself || send_kill(helper))
            while (wait_for(helper, &info, 0) != 0 && errno == EINTR)
                continue;
    }
    helper->pid = 0;
    return by_itself && info.si_pid != 0 ? status_of(&info) : HELPER_KILLED;
}

void helper_close(struct helper *helper)
{
    close_fd(&helper->socket);
    close_fd(&helper->process);
}
