#include "pin/pinentry_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/monotonic.h"
#include "core/text.h"

enum { ENVIRONMENT_MOST = 48 }; // the names below and a dozen that begin with LC_

static bool passed_on(const char *entry)
{
    static const char names[] = " PATH HOME LANG TERM DISPLAY WAYLAND_DISPLAY XAUTHORITY XDG_RUNTIME_DIR "
                                "DBUS_SESSION_BUS_ADDRESS GPG_TTY ";
    char name[32];
    return strncmp(entry, "LC_", 3) == 0 ||
           (text_format(name, sizeof name, " %.*s ", (int)strcspn(entry, "="), entry) && strstr(names, name) != NULL);
}

static int spawn_with(struct pinentry *p, int theirs, posix_spawn_file_actions_t *files, posix_spawnattr_t *how)
{
    char *const argv[] = {(char *)(uintptr_t)p->program, NULL};
    char *environment[ENVIRONMENT_MOST + 1] = {NULL};
    size_t kept = 0;
    for (char **entry = environ; entry != NULL && *entry != NULL && kept < ENVIRONMENT_MOST; entry++)
        if (passed_on(*entry))
            environment[kept++] = *entry;
    sigset_t all, none;
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int number = 0;
    // Toolkits write notes to standard error; errors come as ERR. The child stays in our process group: another one
    // would be in the background and could not read the terminal.
    const bool ready =
        (number = posix_spawn_file_actions_adddup2(files, theirs, STDIN_FILENO)) == 0 &&
        (number = posix_spawn_file_actions_adddup2(files, theirs, STDOUT_FILENO)) == 0 &&
        (number = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0)) == 0 &&
        (number = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1)) == 0 &&
        (number = posix_spawnattr_setsigdefault(how, &all)) == 0 &&
        (number = posix_spawnattr_setsigmask(how, &none)) == 0 &&
        (number = posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)) == 0;
    return ready ? posix_spawnp(&p->child, p->program, files, how, argv, environment) : number;
}

int pinentry_spawn(struct pinentry *p)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    int ends[2], number = 0;
    // A socket pair is used, not two pipes: send(2) can be told not to raise SIGPIPE. The program that uses this
    // library may not ignore that signal.
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    p->fd = ends[0];
    if ((number = posix_spawn_file_actions_init(&files)) == 0) {
        if ((number = posix_spawnattr_init(&how)) == 0) {
            number = spawn_with(p, ends[1], &files, &how);
            (void)posix_spawnattr_destroy(&how);
        }
        (void)posix_spawn_file_actions_destroy(&files);
    }
    (void)close(ends[1]);
    p->child = number == 0 ? p->child : 0; // it is unspecified after a failure
    return number;
}

bool pinentry_ended(struct pinentry *p, int patience_ms)
{
    enum { STEP_MS = 5 };
    const long long deadline = monotonic_ms() + patience_ms;
    while (p->child != 0) {
        const pid_t found = waitpid(p->child, &p->status, WNOHANG);
        // ECHILD: other code waits for all children of this process, or SIGCHLD is ignored.
        if (found == p->child || (found < 0 && errno != EINTR))
            p->child = 0;
        else if (monotonic_ms() >= deadline)
            return false;
        else
            pause_ms(STEP_MS);
    }
    return true;
}

bool pinentry_say(struct pinentry *p, const char *command, const char *argument)
{
    char line[LINE_MOST + 1];
    if (!text_format(line, sizeof line, "%s%s\n", command, argument))
        return false;
    // All lines fit into the socket's buffer. It is full only when the child does not read.
    const size_t len = strlen(line);
    return send(p->fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

void pinentry_end(struct pinentry *p)
{
    bool orderly = p->in_order && pinentry_say(p, "BYE", "") && shutdown(p->fd, SHUT_WR) == 0;
    orderly = pinentry_ended(p, orderly ? FAREWELL_MS : 0) && orderly;
    if (p->child != 0) {
        (void)kill(p->child, SIGTERM);
        (void)kill(p->child, SIGCONT); // a stopped child gets TERM only then
        if (!pinentry_ended(p, FAREWELL_MS)) {
            (void)kill(p->child, SIGKILL);
            while (waitpid(p->child, NULL, 0) < 0 && errno == EINTR)
                continue;
        }
    }
    // A child that was killed leaves the terminal without echo, and a part of the PIN in its input, which the shell
    // would read. In the background, a process that sets the terminal is stopped.
    if (!orderly && p->tty >= 0 && tcgetpgrp(p->tty) == getpgrp())
        (void)tcsetattr(p->tty, TCSAFLUSH, &p->before);
    if (p->tty >= 0)
        (void)close(p->tty);
    if (p->fd >= 0)
        (void)close(p->fd);
    secret_free(&p->in);
}
