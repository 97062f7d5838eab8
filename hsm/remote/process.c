// The host as a process.
#include "hsm/remote/process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/monotonic.h"
#include "core/text.h"
#include "hsm/host/protocol.h"

enum { FD_LEAST = 64, NAME_ROOM = 256, LOOK_UP_MS = 20 };

int host_move_up(int fd)
{
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, FD_LEAST);
    if (moved < 0)
        return fd;
    (void)close(fd);
    return moved;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

struct ends {
    int ours, its, output, printed;
};

static bool open_ends(struct ends *e)
{
    int pair[2], pipes[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    e->ours = host_move_up(pair[0]);
    e->its = host_move_up(pair[1]);
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    e->output = host_move_up(pipes[0]);
    e->printed = host_move_up(pipes[1]);
    // The module's end stays as it is: a full pipe is emptied while it is asked something.
    return fcntl(e->output, F_SETFL, O_NONBLOCK) == 0;
}

static void close_ends(struct ends *e)
{
    close_fd(&e->ours);
    close_fd(&e->its);
    close_fd(&e->output);
    close_fd(&e->printed);
}
#define ENDS_AUTO __attribute__((cleanup(close_ends))) struct ends

// The file that this code is in: the shared library, or the program. False where it is not known.
static bool find_own_file(char path[static HOST_PATH_MAX])
{
    static const char here;
    Dl_info info;
    const struct link_map *map = NULL;
    if (dladdr1(&here, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 && map != NULL && map->l_name[0] != '\0')
        return text_format(path, HOST_PATH_MAX, "%s", map->l_name);
    const ssize_t len = readlink("/proc/self/exe", path, HOST_PATH_MAX - 1);
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

// Beside the file that this code is in, as in a build tree, or where it was installed, also where that is another
// prefix than the one that it was built for. Only a test names another.
static const char *find_program(char path[static HOST_PATH_MAX])
{
    static const char *const places[] = {HOST_NAME, HOST_FROM_LIBRARY, HOST_FROM_PROGRAM};
    struct stat own;
    const char *named = secure_getenv("SSA_HSM_HOST");
    if (text_present(named))
        return named;
    if (!find_own_file(path) || stat(path, &own) != 0)
        return HOST_INSTALLED;
    char *name = strrchr(path, '/');
    for (size_t i = 0; name != NULL && i < COUNT(places); i++)
        if (text_format(name, HOST_PATH_MAX - (size_t)(name - path), "/%s", places[i]) && is_trusted(path, &own))
            return path;
    return HOST_INSTALLED;
}

// A name that is too long for ours is another's.
static bool is_withheld(const struct hosting *hosting, const char *entry)
{
    char name[NAME_ROOM];
    return hosting->withheld != NULL && text_format(name, sizeof name, "%.*s", (int)strcspn(entry, "="), entry) &&
           hosting->withheld(hosting->context, name);
}

// The environment without what may be a secret of ours. The caller frees the list. NULL: no memory.
static char **environment(const struct hosting *hosting)
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        if (!is_withheld(hosting, environ[i]))
            list[kept++] = environ[i];
    return list;
}

// The host begins with usual signals, whatever the caller's are. Those that a terminal sends to all of a group, and a
// service manager to all of a service, are held back until the host ignores them.
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

// The host has its end of the socket, a pipe for what is printed, and nothing else that is open here. Modules
// of p11-kit go by the program's name (pkcs11.conf(5), enable-in), so it has ours.
static int spawn(const struct ends *e, const char *program, char *const *env, pid_t *pid)
{
    char *const argv[] = {program_invocation_name, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    failed = set_signals(&attributes);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, e->printed, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, e->printed, STDERR_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, e->its, HOST_FD);
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(&actions, HOST_FD + 1);
    if (failed == 0)
        failed = posix_spawn(pid, program, &actions, &attributes, argv, env);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

bool host_process_start(struct host_process *p, const struct hosting *hosting, int *output, struct ssa_error *err)
{
    ENDS_AUTO ends = {-1, -1, -1, -1};
    char path[HOST_PATH_MAX];
    *p = (struct host_process){.socket = -1, .process = -1};
    if (!open_ends(&ends))
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "no connection to a PKCS#11 module can be made");
    char **env = environment(hosting);
    if (env == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for an environment");
    const char *program = find_program(path);
    const int failed = spawn(&ends, program, env, &p->pid);
    free(env);
    if (failed != 0) {
        p->pid = 0;
        return error_errno(err, SSA_UNEXPECTED, failed, program,
                           "the program that loads PKCS#11 modules cannot be started");
    }
    p->process = pidfd_open(p->pid, 0);
    p->socket = ends.ours;
    *output = ends.output;
    ends.ours = ends.output = -1;
    return true;
}

bool hosting_check(const struct hosting *hosting, char path[static HOST_PATH_MAX], struct ssa_error *err)
{
    struct host_process host;
    int output = -1;
    char found[HOST_PATH_MAX];
    if (!text_format(path, HOST_PATH_MAX, "%s", find_program(found)))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the path of the program that loads modules is too long");
    if (!host_process_start(&host, hosting, &output, err))
        return false;
    (void)host_process_end(&host, LOOK_UP_MS);
    host_process_close(&host);
    close_fd(&output);
    return true;
}

bool host_process_has_ended(const struct host_process *p)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

static bool ends_by_itself(const struct host_process *p, int patience_ms)
{
    const long long until = monotonic_ms() + patience_ms;
    struct pollfd fd = {.fd = p->process, .events = POLLIN};
    while (!host_process_has_ended(p)) {
        if (monotonic_ms() >= until)
            return false;
        (void)poll(&fd, 1, LOOK_UP_MS);
    }
    return true;
}

int host_process_end(struct host_process *p, int patience_ms)
{
    int status = HOST_KILLED;
    // A connection that is shut down looks closed to the host.
    (void)shutdown(p->socket, SHUT_RDWR);
    if (p->pid > 0) {
        const bool by_itself = ends_by_itself(p, patience_ms);
        if (!by_itself)
            (void)kill(p->pid, SIGKILL);
        while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        status = by_itself ? status : HOST_KILLED;
    }
    p->pid = 0;
    return status;
}

void host_process_close(struct host_process *p)
{
    close_fd(&p->socket);
    close_fd(&p->process);
}
