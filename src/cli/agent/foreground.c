#include "cli/agent/foreground.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "core/thread.h"

enum { STACK = 256 * 1024 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static pid_t child; // 0 once it has ended
static bool waits;

static int spawn_unlock(char *const *argv)
{
    sigset_t none, all;
    posix_spawnattr_t attributes;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int failed = posix_spawnattr_init(&attributes);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_setsigmask(&attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(&attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0)
        failed = posix_spawn(&child, "/proc/self/exe", NULL, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    return failed;
}

// Waits until the child has ended, and frees its process id under the mutex: foreground_end must not end another
// process.
static void *wait_for_child(void *context)
{
    siginfo_t info;
    (void)context;
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue;
    (void)pthread_mutex_lock(&mutex);
    (void)waitpid(child, NULL, 0);
    child = 0;
    (void)pthread_mutex_unlock(&mutex);
    return NULL;
}

void foreground_unlock(const char *socket)
{
    static char path[AGENT_PATH_MAX];
    (void)memcpy(path, socket, strnlen(socket, sizeof path - 1));
    char *const argv[] = {program_invocation_name, "agent", "unlock", "--socket", path, NULL};
    const int failed = spawn_unlock(argv);
    if (failed == 0)
        waits = thread_start(&thread, STACK, wait_for_child, NULL);
    else
        print_note("warning: %s: the process that unlocks the agent cannot be started (%s)", socket,
                   strerrordesc_np(failed));
}

void foreground_end(void)
{
    if (!waits)
        return;
    (void)pthread_mutex_lock(&mutex);
    if (child > 0)
        (void)kill(child, SIGTERM);
    (void)pthread_mutex_unlock(&mutex);
    (void)pthread_join(thread, NULL);
}
