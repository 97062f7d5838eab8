// The program that has a PKCS#11 module loaded, so that none is in the process that knows the client secret
// and talks to the network. It is told what to do through a socket, and ends when that is closed.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hsm/host/ending.h"
#include "hsm/host/lane.h"
#include "hsm/host/talk.h"

enum { WATCHER_STACK = 64 * 1024 };

// The end of the socket, and the process whose end it is.
static int peer = HOST_FD;
static int parent = -1; // a pidfd of the program

static struct talk first __attribute__((aligned(4096)));

static void harden(void)
{
    // A terminal sends its signals to all of a group, and a service manager to all of a service: the program alone
    // decides what becomes of them. It has held them back until now.
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
    sigset_t none;
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    talk_protect(&first);
    // A program that a module starts is not to talk to ours. A module that closes the first descriptors, as daemons do,
    // or writes to them, does not meet it.
    const int moved = fcntl(HOST_FD, F_DUPFD_CLOEXEC, PEER_LEAST);
    (void)fcntl(HOST_FD, F_SETFD, FD_CLOEXEC);
    if (moved < 0)
        return;
    (void)close(HOST_FD);
    peer = moved;
}

// Ends this process as soon as the program has closed its side, or has ended. A child that the program has forked keeps
// its side of the socket open.
static void *watch(void *context)
{
    struct pollfd fds[] = {{.fd = peer, .events = POLLRDHUP}, {.fd = parent, .events = POLLIN}};
    (void)context;
    while (poll(fds, sizeof fds / sizeof fds[0], -1) < 0 && errno == EINTR)
        continue;
    ending_now();
}

// The program is the parent of this process, unless it has ended already. Without a pidfd, the socket alone is watched.
static void find_parent(void)
{
    const pid_t program = getppid();
    const int fd = pidfd_open(program, 0);
    if (getppid() != program)
        _exit(0);
    parent = fcntl(fd, F_DUPFD_CLOEXEC, PEER_LEAST);
    if (fd >= 0)
        (void)close(fd);
}

static void start_watcher(void)
{
    pthread_attr_t attributes;
    pthread_t watcher;
    sigset_t all, before;
    (void)sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0)
        return;
    (void)pthread_attr_setstacksize(&attributes, WATCHER_STACK);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    // Without one, the end of the current call is waited for.
    (void)pthread_create(&watcher, &attributes, watch, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
}

int main(void)
{
    harden();
    find_parent();
    start_watcher();
    first.peer = peer;
    first.host.start_lane = lane_start;
    talk_on(&first);
    // Not exit: handlers that a module leaves behind may hang.
    _exit(0);
}
