// The host as a process.
#include "hsm/remote/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/text.h"
#include "hsm/host/protocol.h"

enum { LOOK_UP_MS = 20 };

static const struct helper_places places = {.variable = "SSA_HSM_HOST",
                                            .places = {HOST_NAME, HOST_FROM_LIBRARY, HOST_FROM_PROGRAM},
                                            .installed = HOST_INSTALLED};

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
    int pipes[2];
    if (!helper_socket(&e->ours, &e->its) || pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    e->output = helper_move_up(pipes[0]);
    e->printed = helper_move_up(pipes[1]);
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

static bool is_withheld(const void *context, const char *name, const char *value)
{
    const struct hosting *hosting = context;
    (void)value;
    return hosting->withheld(hosting->context, name);
}

// The host has its end of the socket, a pipe for what is printed, and nothing else that is open here.
static int set_files(const struct ends *e, posix_spawn_file_actions_t *actions)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(actions, e->printed, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(actions, e->printed, STDERR_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(actions, e->its, HOST_FD);
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(actions, HOST_FD + 1);
    return failed;
}

// Modules of p11-kit go by the program's name (pkcs11.conf(5), enable-in), so it has ours.
static int spawn(struct helper *host, const struct ends *e, const char *program, char *const *env)
{
    char *const argv[] = {program_invocation_name, NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = set_files(e, &actions);
    if (failed == 0)
        failed = helper_spawn(host, program, argv, env, &actions);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

bool host_process_start(struct helper *host, const struct hosting *hosting, int *output, struct ssa_error *err)
{
    ENDS_AUTO ends = {-1, -1, -1, -1};
    char path[HELPER_PATH_MAX];
    *host = (struct helper){.socket = -1, .process = -1};
    if (!open_ends(&ends))
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "no connection to a PKCS#11 module can be made");
    char **env = helper_environment(environ, hosting->withheld != NULL ? is_withheld : NULL, hosting);
    if (env == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for an environment");
    const char *program = helper_find(&places, path);
    const int failed = spawn(host, &ends, program, env);
    free(env);
    if (failed != 0)
        return error_errno(err, SSA_UNEXPECTED, failed, program,
                           "the program that loads PKCS#11 modules cannot be started");
    host->socket = ends.ours;
    *output = ends.output;
    ends.ours = ends.output = -1;
    return true;
}

bool hosting_check(const struct hosting *hosting, char path[static HOST_PATH_MAX], struct ssa_error *err)
{
    struct helper host;
    int output = -1;
    char found[HELPER_PATH_MAX];
    if (!text_format(path, HOST_PATH_MAX, "%s", helper_find(&places, found)))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the path of the program that loads modules is too long");
    if (!host_process_start(&host, hosting, &output, err))
        return false;
    (void)helper_end(&host, LOOK_UP_MS);
    helper_close(&host);
    close_fd(&output);
    return true;
}
