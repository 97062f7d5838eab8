#include "cli/process/child.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/process/interrupt.h"
#include "core/monotonic.h"
#include "core/span.h"

// Where it was killed by a signal by which this program cannot end.
enum { OF_SIGNAL = 128, SECOND_MS = 1000, MS_NS = 1000000 };

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};
enum { PASSED_ON = sizeof passed_on / sizeof passed_on[0], ENDING = 4 };

void child_begin(struct child *child)
{
    *child = (struct child){0};
    (void)sigemptyset(&child->signals);
    (void)sigaddset(&child->signals, SIGCHLD);
    for (size_t i = 0; i < PASSED_ON; i++)
        (void)sigaddset(&child->signals, passed_on[i]);
    (void)pthread_sigmask(SIG_BLOCK, &child->signals, &child->before);
}

void child_give_up(const struct child *child)
{
    (void)pthread_sigmask(SIG_SETMASK, &child->before, NULL);
}

// It gets the signals as this program got them. The memory that secrets are in is not copied for it (posix_spawn).
static int spawn(struct child *child, char *const *program, char *const *environment)
{
    posix_spawnattr_t attributes;
    sigset_t usual;
    int number = posix_spawnattr_init(&attributes);
    if (number != 0)
        return number;
    (void)sigemptyset(&usual);
    interrupt_add_ignored(&usual);
    number = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (number == 0)
        number = posix_spawnattr_setsigmask(&attributes, &child->before);
    if (number == 0)
        number = posix_spawnattr_setsigdefault(&attributes, &usual);
    if (number == 0)
        number = posix_spawnp(&child->pid, program[0], NULL, &attributes, program, environment);
    (void)posix_spawnattr_destroy(&attributes);
    return number;
}

bool child_start(struct child *child, char *const *program, char *const *environment, struct ssa_error *err)
{
    child->ended = false;
    const int number = spawn(child, program, environment);
    if (number == 0)
        return true;
    child->pid = 0;
    return error_errno(err, SSA_UNEXPECTED, number, program[0], "cannot be run");
}

void child_signal(const struct child *child, int number)
{
    // Until it is waited for, nobody else has its number.
    if (child->pid > 0 && !child->ended)
        (void)kill(child->pid, number);
}

static void look(struct child *child)
{
    if (!child->ended && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
        child->ended = true;
}

// This program stops as it would have done by itself, until somebody lets it go on.
static void stop_here(void)
{
    sigset_t stop, before;
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTSTP);
    (void)raise(SIGTSTP);
    (void)pthread_sigmask(SIG_UNBLOCK, &stop, &before);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool is_ending(int number)
{
    for (size_t i = 0; i < ENDING; i++)
        if (passed_on[i] == number)
            return true;
    return false;
}

static void take(struct child *child, const siginfo_t *came)
{
    // The kernel's own, such as those of a terminal, go to the whole process group, and so to the child.
    const bool to_us_alone = came->si_code <= 0 && came->si_pid != child->pid;
    if (came->si_signo == SIGCHLD)
        return;
    child->told_to_end = child->told_to_end || is_ending(came->si_signo);
    if (to_us_alone)
        child_signal(child, came->si_signo);
    if (came->si_signo == SIGTSTP)
        stop_here();
}

bool child_wait(struct child *child, long long ms)
{
    const long long until = monotonic_ms() + ms;
    for (look(child); !child->ended; look(child)) {
        const long long left = until - monotonic_ms(), wait = left > 0 ? left : 0;
        const struct timespec length = {.tv_sec = wait / SECOND_MS, .tv_nsec = wait % SECOND_MS * MS_NS};
        siginfo_t came;
        if (sigtimedwait(&child->signals, &came, &length) > 0)
            take(child, &came);
        else if (errno != EINTR)
            break;
    }
    return child->ended;
}

void child_stop(struct child *child, long long patience_ms)
{
    child_signal(child, SIGTERM);
    // One that is stopped would not hear of it.
    child_signal(child, SIGCONT);
    if (child_wait(child, patience_ms))
        return;
    child_signal(child, SIGKILL);
    while (!child_wait(child, SECOND_MS))
        continue;
}

void child_end_as(const struct child *child)
{
    if (WIFEXITED(child->status))
        _exit(WEXITSTATUS(child->status));
    const int number = WTERMSIG(child->status);
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t own;
    (void)sigemptyset(&own);
    (void)sigaddset(&own, number);
    (void)sigaction(number, &usual, NULL);
    (void)raise(number);
    (void)pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    _exit(OF_SIGNAL + number);
}
