#include "core/harden.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static struct rlimit core_limit;
static char *key_log; // "SSLKEYLOGFILE=…" as it was found
static bool core_limit_known;

// libcurl would write the TLS session's keys to that file. With them, somebody who recorded the connection could read
// the private key.
static void take_key_log_away(void)
{
    static const char name[] = "SSLKEYLOGFILE";
    char *value = getenv(name);
    if (value == NULL)
        return;
    key_log = value - sizeof name; // the entry begins with the name and "="
    (void)unsetenv(name);
}

static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) {
            // Opened the wrong way round, so that reading and writing fail, as with a closed descriptor.
            const int opened = open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
            if (opened >= 0 && opened != fd)
                (void)close(opened);
        }
}

void harden(void)
{
    occupy_standard_descriptors();
    take_key_log_away();
    core_limit_known = getrlimit(RLIMIT_CORE, &core_limit) == 0;
    // Only the soft limit: a lower hard limit could not be raised again for the program that exec runs.
    struct rlimit none = {.rlim_cur = 0, .rlim_max = core_limit.rlim_max};
    if (core_limit_known)
        (void)setrlimit(RLIMIT_CORE, &none);
    // Also keeps /proc/PID/mem and ptrace of the same user out (prctl(2)).
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const char *harden_release_child(void)
{
    if (core_limit_known)
        (void)setrlimit(RLIMIT_CORE, &core_limit);
    return key_log;
}

void harden_release(void)
{
    if (harden_release_child() != NULL)
        (void)putenv(key_log);
}
