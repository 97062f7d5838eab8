// ssa-hsm agent stop
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>

#include "cli/agent/options.h"
#include "cli/agent/program.h"
#include "cli/output/print.h"
#include "core/callback.h"
#include "core/descriptor.h"
#include "core/monotonic.h"

enum { MOST_MS = 30000, STEP_MS = 100 };

static bool wait_for_end(int process, const char *path, const struct ssa_run *run, struct ssa_error *err)
{
    struct pollfd fd = {.fd = process, .events = POLLIN};
    const long long until = monotonic_ms() + (run->timeout > 0 ? run->timeout * 1000LL : MOST_MS);
    while (poll(&fd, 1, STEP_MS) <= 0) {
        if (!callback_go_on(&run->callbacks, err))
            return false;
        if (monotonic_ms() >= until)
            return error_set(err, SSA_UNEXPECTED, NULL, path, "the agent was told to end, and still runs");
    }
    return true;
}

// A shell that has another agent's socket in its variable keeps that.
static bool print_forget(const struct invocation *i, const char *path, pid_t pid, struct ssa_error *err)
{
    const char *named = ssa_settings_value(i->settings, "SSA_HSM_AGENT");
    return named == NULL || strcmp(named, path) != 0 || program_print_forget(program_wants_csh(i->arguments), pid, err);
}

static bool agent_stop(const struct invocation *i, struct ssa_error *err)
{
    char path[AGENT_PATH_MAX];
    pid_t pid = 0, again = 0;
    if (!agent_own_socket(i->arguments, path, err))
        return false;
    if (!agent_process(path, &pid, err)) {
        // A shell is to forget one that has died, too.
        if (err->reason == SSA_REASON_AGENT_GONE && !print_forget(i, path, 0, ERROR_IGNORED))
            (void)error_hint(err, "Unset SSA_HSM_AGENT.");
        return false;
    }
    // As long as the agent listens, the process number is its own.
    DESCRIPTOR_AUTO process = pidfd_open(pid, 0);
    if (process < 0 || !agent_process(path, &again, err) || again != pid ||
        pidfd_send_signal(process, SIGTERM, NULL, 0) != 0)
        return error_errno(err, SSA_UNEXPECTED, errno, path, "the agent cannot be told to end");
    if (!wait_for_end(process, path, &i->run, err))
        return false;
    print_note("%s: the agent has ended", path);
    return print_forget(i, path, pid, err);
}

const struct command command_agent_stop = {
    .name = "agent stop",
    .group = "Access tokens",
    .help = "end the agent",
    .about =
        "Ends the agent of this user, and waits until it is gone: it answers those who wait, logs out, forgets its "
        "access tokens and removes its socket. If SSA_HSM_AGENT names that socket, it prints the commands by which a "
        "shell unsets it, as `ssh-agent -k` does. An agent that a service manager has started is ended there.",
    .examples =
        EXAMPLES({"agent stop", "Ends the agent; `eval \"$(ssa-hsm agent stop)\"` lets the shell forget it, too."},
                 {"agent stop --socket /tmp/me/agent.sock", "Ends another one."}),
    .reads_no_profile = true,
    .uses = USE_SOCKET | USE_RUNNING,
    .options = OPTIONS(&option_socket, &option_csh),
    .run = agent_stop,
};
