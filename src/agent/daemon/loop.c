#include "agent/daemon/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/client/client.h"
#include "agent/daemon/systemd.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"

enum { STATUS_MS = 10000, ANSWER_MS = 5000, WATCHES_A_TIME = 3, STATUS_MAX = 128, FOREVER = -1 };

int loop_signals(void)
{
    sigset_t wanted;
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGTERM);
    (void)sigaddset(&wanted, SIGINT);
    (void)sigaddset(&wanted, SIGQUIT);
    (void)sigaddset(&wanted, SIGHUP);
    errno = pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    return errno == 0 ? signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
}

static bool can_be_read(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return fd > 0 && poll(&poll_fd, 1, 0) > 0;
}

// A question to ourselves does not hold up the end.
static bool is_to_end(void *context)
{
    const struct agent_loop *loop = context;
    return can_be_read(loop->signals) || can_be_read(loop->options->until);
}

// Any answer will do: it was written by the server's threads after they had asked the service. A connection that is
// closed at once was seen by a server that has no room for it: to start that again would help nobody.
static bool answers(const struct agent_loop *loop, unsigned most_ms)
{
    const struct ssa_callbacks callbacks = {.context = (void *)(uintptr_t)loop, .interrupted = is_to_end};
    struct agent_answer answer = {0};
    struct ssa_error err = {0};
    if (loop->path[0] == '\0')
        return true;
    const bool done = agent_ask(loop->path, "GET", "/v1/health", most_ms, &callbacks, &answer, &err);
    agent_answer_free(&answer);
    return done || (err.code == SSA_NETWORK && err.reason != SSA_REASON_TIMEOUT);
}

static void write_status(const struct agent_loop *loop, char text[static STATUS_MAX])
{
    const size_t count = service_profile_count(loop->service);
    size_t locked = 0, lost = 0;
    for (size_t i = 0; i < count; i++) {
        struct profile_status status;
        service_profile_status(loop->service, i, &status);
        locked += status.locked;
        lost += !status.locked && status.signer.state == SIGNER_LOST;
    }
    // Numbers fit.
    (void)text_format(text, STATUS_MAX, "%zu profile%s, %zu locked, %zu without PKCS#11 token", count,
                      count == 1 ? "" : "s", locked, lost);
}

// The watchdog is told that all is well only while server and service answer.
static void tell_manager(const struct agent_loop *loop, unsigned watchdog_ms)
{
    char status[STATUS_MAX];
    const unsigned most = watchdog_ms / WATCHES_A_TIME;
    write_status(loop, status);
    systemd_notify("STATUS=%s", status);
    if (watchdog_ms > 0 && answers(loop, most < ANSWER_MS ? most : ANSWER_MS))
        systemd_notify("WATCHDOG=1");
}

static void reopen(const struct agent_loop *loop)
{
    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%lld", monotonic_ms() * 1000);
    audit_reopen(loop->audit);
    tell(&loop->options->run.callbacks, SSA_NOTICE, "the audit's file is opened again");
    systemd_notify("READY=1");
}

// Whether it goes on after the signals that have come.
static bool follow_signals(const struct agent_loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGHUP || loop->options->hangup_stops)
            return false;
        if (loop->audit != NULL)
            reopen(loop);
    }
    return true;
}

static int interval(unsigned watchdog_ms)
{
    const unsigned often = watchdog_ms / WATCHES_A_TIME;
    if (!systemd_listens())
        return FOREVER;
    return watchdog_ms > 0 && often < STATUS_MS ? (int)often : STATUS_MS;
}

void loop_run(const struct agent_loop *loop)
{
    const unsigned watchdog_ms = systemd_watchdog_ms();
    const int step = interval(watchdog_ms);
    // poll passes over a negative descriptor.
    struct pollfd fds[] = {{.fd = loop->signals, .events = POLLIN},
                           {.fd = loop->options->until > 0 ? loop->options->until : -1, .events = POLLIN}};
    for (long long next = monotonic_ms();;) {
        const long long left = next - monotonic_ms();
        if (step != FOREVER && left <= 0) {
            tell_manager(loop, watchdog_ms);
            next = monotonic_ms() + step;
            continue;
        }
        if (poll(fds, COUNT(fds), step == FOREVER ? FOREVER : (int)left) < 0 && errno != EINTR)
            return;
        if (fds[1].revents != 0 || !follow_signals(loop))
            return;
    }
}
