#include "cli/agent/background.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/process/interrupt.h"
#include "config/descriptors.h"
#include "core/descriptor.h"
#include "core/helper.h"
#include "core/text.h"
#include "core/thread.h"
#include "core/write.h"

static enum background_side side;
static pid_t agent;
static char its_socket[AGENT_PATH_MAX];
static int ready_pipe = -1, launcher_process;
static atomic_bool has_left;

// What a signer says is a line, or the last words of a library.
enum { LINE_MAX_LENGTH = 1024, STACK = 128 * 1024 };

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

static void say(enum ssa_level level, const struct ssa_notice *notice)
{
    if (!atomic_load(&has_left))
        print_notice(level == SSA_WARNING ? "warning: " : "", notice);
    else
        syslog(level == SSA_WARNING ? LOG_WARNING : LOG_NOTICE, "%s", notice->text);
}

// Passes on what helpers print: they have the other end of this pipe as their standard error.
static void *pass_on(void *context)
{
    char line[LINE_MAX_LENGTH], text[LINE_MAX_LENGTH];
    FILE *in = fdopen((int)(intptr_t)context, "r");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        text_harmless(text, sizeof text, span_of(line, strcspn(line, "\n")));
        say(SSA_NOTICE, &(const struct ssa_notice){.text = text, .detail = ""});
    }
    return NULL;
}

// A shell's $(…) waits until nobody has its pipe any more, so the helpers must not inherit it. Before the agent is
// ready, its own messages go where they went before.
static bool keep_output(struct ssa_error *err)
{
    int ends[2];
    pthread_t thread;
    const int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int seen = copy < 0 ? copy : helper_move_up(copy);
    if (seen < 0 || pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[1], STDOUT_FILENO) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "the agent cannot be started");
    (void)close(ends[1]);
    (void)print_to(seen);
    return thread_start(&thread, STACK, pass_on, (void *)(intptr_t)ends[0]) ||
           error_errno(err, SSA_UNEXPECTED, EAGAIN, NULL, "a thread cannot be started");
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
    return keep_output(err);
}

static void point_to_nothing(int fd, int nothing)
{
    if (nothing >= 0)
        (void)dup2(nothing, fd);
}

// A profile that cannot be read names nothing: why, is told when it is served.
static void keep_of_profile(struct descriptors *kept, const struct ssa_settings *base, const char *name)
{
    const struct ssa_callbacks silent = {0};
    struct ssa_settings *settings = settings_again(base, ERROR_IGNORED);
    if (settings != NULL && ssa_settings_profile(settings, name, false, &silent, ERROR_IGNORED))
        descriptors_add_named(kept, settings);
    ssa_settings_free(settings);
}

void background_close_inherited(const struct agent_options *options)
{
    struct descriptors kept = {.count = 0};
    for (size_t i = 0; i < options->profile_count; i++)
        keep_of_profile(&kept, options->run.settings, options->profiles[i]);
    descriptors_close_inherited(&kept);
    DESCRIPTOR_AUTO nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    // A terminal stays until the agent is ready: a person may be asked for the client secret.
    if (!descriptors_have(&kept, STDIN_FILENO) && isatty(STDIN_FILENO) != 1)
        point_to_nothing(STDIN_FILENO, nothing);
}

// It stays in its folder: paths in settings may be relative.
static void leave(void)
{
    DESCRIPTOR_AUTO nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int seen = print_to(STDERR_FILENO);
    (void)setsid();
    openlog("ssa-hsm", LOG_PID, LOG_DAEMON);
    atomic_store(&has_left, true);
    if (isatty(STDIN_FILENO) == 1)
        point_to_nothing(STDIN_FILENO, nothing);
    (void)close(seen);
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
    say(level, notice);
}
