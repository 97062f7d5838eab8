#include "cli/agent/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/process/interrupt.h"
#include "core/descriptor.h"
#include "core/text.h"
#include "core/write.h"

static enum background_side side;
static pid_t agent;
static char its_socket[AGENT_PATH_MAX];
static int ready_pipe = -1, launcher_process;
static atomic_bool has_left;

enum background_side background_side(void)
{
    return side;
}

int background_until(void)
{
    return launcher_process;
}

const char *background_socket(void)
{
    return its_socket;
}

pid_t background_agent(void)
{
    return agent;
}

static int wait_for_agent(void)
{
    int status = 0;
    while (waitpid(agent, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

void background_end(void)
{
    (void)kill(agent, SIGTERM);
    (void)wait_for_agent();
}

// Reads the path of the socket. The pipe ends without it where the agent ends.
static bool read_socket(int fd)
{
    size_t len = 0;
    while (len < sizeof its_socket) {
        const ssize_t got = read(fd, its_socket + len, sizeof its_socket - len);
        if (got < 0 && errno == EINTR && interrupt_signal() == 0)
            continue;
        if (got <= 0)
            return false;
        len += (size_t)got;
        if (its_socket[len - 1] == '\0')
            return true;
    }
    return false;
}

static bool launch(int fd, struct ssa_error *err)
{
    side = BACKGROUND_LAUNCHER;
    if (read_socket(fd))
        return true;
    if (interrupt_signal() != 0) {
        background_end();
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    }
    const int status = wait_for_agent();
    // It has told why.
    if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) != EXIT_SUCCESS)
        _exit(WEXITSTATUS(status));
    if (status >= 0 && WIFSIGNALED(status))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the agent was ended by signal %d", WTERMSIG(status));
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the agent ended before it was ready");
}

bool background_begin(bool ends_with_launcher, struct ssa_error *err)
{
    int ends[2];
    if (ends_with_launcher)
        launcher_process = pidfd_open(getpid(), 0);
    if (launcher_process < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "the agent cannot be started");
    agent = fork();
    if (agent < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "the agent cannot be started");
    if (agent > 0) {
        (void)close(ends[1]);
        DESCRIPTOR_AUTO fd = ends[0];
        return launch(fd, err);
    }
    (void)close(ends[0]);
    ready_pipe = ends[1];
    side = BACKGROUND_AGENT;
    return true;
}

// Whoever waits for the end of its output, a shell's $(…) for instance, does not wait for the agent. It stays in its
// folder: paths in settings may be relative.
static void leave(void)
{
    (void)setsid();
    DESCRIPTOR_AUTO nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    openlog("ssa-hsm", LOG_PID, LOG_DAEMON);
    atomic_store(&has_left, true);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && nothing >= 0; fd++)
        (void)dup2(nothing, fd);
}

void background_ready(const char *socket)
{
    if (side != BACKGROUND_AGENT)
        return;
    leave();
    // A launcher that has ended meanwhile does not read it.
    (void)write_all(ready_pipe, span_of(socket, strlen(socket) + 1));
    (void)close(ready_pipe);
    ready_pipe = -1;
}

void background_tell(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    (void)context;
    if (level == SSA_PROGRESS || level == SSA_DETAIL)
        return;
    if (!atomic_load(&has_left))
        print_notice(level == SSA_WARNING ? "warning: " : "", notice);
    else
        syslog(level == SSA_WARNING ? LOG_WARNING : LOG_NOTICE, "%s", notice->text);
}
