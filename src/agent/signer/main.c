// The program that has the login to the PKCS#11 token and signs assertions with it, so that the agent, which talks to
// the network, has no PIN. It has no network and no client secret, and ends with the agent.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/link/pin_file.h"
#include "agent/link/process.h"
#include "agent/signer/attend.h"
#include "agent/signer/inherited.h"
#include "agent/signer/login.h"
#include "agent/signer/pin_listener.h"
#include "agent/signer/profile.h"
#include "agent/signer/serve.h"
#include "agent/signer/unlocker.h"
#include "core/harden.h"
#include "core/text.h"

// A call of the module may take so long, unless a person has to do something.
enum { MODULE_PATIENCE_S = 30 };

static const char *name_of(const struct signer_process *p)
{
    return p->profile != NULL ? p->profile : "the usual profile";
}

static void tell_log(void *process, enum ssa_level level, const struct ssa_notice *notice)
{
    struct signer_process *p = process;
    if (level != SSA_WARNING && level != SSA_NOTICE)
        return;
    // The agent, which has the same limit, has told that when it started.
    if (notice->reason == SSA_REASON_LOCKS_TOO_FEW)
        return;
    (void)fprintf(stderr, "ssa-hsm-signer: %s: %s%s\n", name_of(p), level == SSA_WARNING ? "warning: " : "",
                  notice->text);
    unlocker_tell(p, level, notice);
}

static bool may_ask(void *process)
{
    const struct signer_process *p = process;
    return p->unlocker >= 0;
}

static void pin_begins(void *process, bool recorded)
{
    struct signer_process *p = process;
    p->tries_pin = true;
    p->recorded = recorded;
    serve_stage(p, recorded ? LINK_TRIES_RECORDED : LINK_TRIES_PIN);
}

static void pin_ended(void *process, enum pin_outcome outcome)
{
    struct signer_process *p = process;
    p->tried = outcome;
    p->tries_pin = false;
    p->status.logins += outcome == PIN_ACCEPTED;
    serve_stage(p, LINK_TRIED_PIN);
}

// A terminal sends its signals to all of a group: the agent decides what becomes of them. SIGTERM is one way to end.
static int set_signals(void)
{
    static const int ignored[] = {SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
    sigset_t term;
    for (size_t i = 0; i < COUNT(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_SETMASK, &term, NULL);
    return signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The agent is the parent of this process, unless it has ended already: then its end of the connection is closed. A
// child of the agent's that keeps that open does not keep the signer here.
static int watch_parent(void)
{
    const pid_t agent = getppid();
    const int fd = pidfd_open(agent, 0);
    if (getppid() == agent)
        return fd;
    (void)close(fd);
    return -1;
}

static bool read_number(const char *text, int *number)
{
    char *end = NULL;
    errno = 0;
    const long read = strtol(text, &end, 10);
    *number = (int)read;
    return errno == 0 && end != text && *end == '\0' && read > STDERR_FILENO && read <= INT16_MAX &&
           fcntl(*number, F_SETFD, FD_CLOEXEC) == 0;
}

static bool begin(struct signer_process *p, char **argv, struct ssa_error *err)
{
    const char *flags = argv[SIGNER_FLAGS];
    if (!read_number(argv[SIGNER_SOCKET], &p->agent))
        return error_set(err, SSA_USAGE, NULL, NULL, "the agent starts it");
    p->profile = text_present(argv[SIGNER_PROFILE]) ? argv[SIGNER_PROFILE] : NULL;
    p->locked = strchr(flags, SIGNER_LOCKED_FLAG) != NULL;
    p->run = (struct ssa_run){.callbacks = {.context = p,
                                            .ask_secret = unlocker_ask_secret,
                                            .confirm = unlocker_confirm,
                                            .tell = tell_log,
                                            .interrupted = attend_interrupted,
                                            .patience = MODULE_PATIENCE_S},
                              .pin_retry = strchr(flags, SIGNER_PIN_RETRY_FLAG) != NULL};
    p->watch = (struct pin_watch){.context = p, .may_ask = may_ask, .begins = pin_begins, .ended = pin_ended};
    if (!secret_new(&p->message, LINK_MESSAGE_MAX, err))
        return false;
    p->settings = profile_read(p->profile, &p->run.callbacks, err);
    if (p->settings == NULL)
        return false;
    p->run.settings = p->settings;
    inherited_close(p->settings, p->agent);
    p->signals = set_signals();
    p->parent = watch_parent();
    p->listener = pin_listener_open(argv[SIGNER_PIN_SOCKET], &p->listens_at, err);
    login_begin(p);
    return p->listener >= 0;
}

static void work(struct signer_process *p)
{
    while (!p->over) {
        struct pollfd fds[] = {{.fd = p->agent, .events = POLLIN},
                               {.fd = p->listener, .events = POLLIN},
                               {.fd = p->parent, .events = POLLIN},
                               {.fd = p->signals, .events = POLLIN}};
        (void)poll(fds, COUNT(fds), -1);
        (void)attend(p, -1, 0);
        if (!p->over && fds[0].revents != 0)
            serve_request(p);
        if (!p->over && fds[1].revents != 0)
            unlocker_serve(p);
        // Registers keep a piece of what was copied last, for as long as nothing else is copied.
        secret_wipe_stack();
    }
}

// The agent hears why it cannot work.
static void fail(struct signer_process *p, const struct ssa_error *err)
{
    char text[2 * SSA_ERROR_TEXT_MAX];
    ssa_error_text(err, text, sizeof text);
    (void)fprintf(stderr, "ssa-hsm-signer: %s: %s\n", name_of(p), text);
    if (p->message.data != NULL)
        serve_failure(p, err);
}

int main(int argc, char **argv)
{
    static struct signer_process p = {.agent = -1, .parent = -1, .signals = -1, .listener = -1, .unlocker = -1};
    struct ssa_error err = {0};
    harden();
    inherited_lock_environment();
    inherited_leave_terminal();
    p.thread = pthread_self();
    if (argc != SIGNER_ARGUMENTS) {
        (void)fputs("ssa-hsm-signer: the agent starts this program\n", stderr);
        return SSA_USAGE;
    }
    if (!begin(&p, argv, &err)) {
        fail(&p, &err);
        return (int)err.code;
    }
    work(&p);
    login_end(&p);
    pin_file_remove(argv[SIGNER_PIN_SOCKET], &p.listens_at);
    secret_free(&p.message);
    secret_wipe_stack();
    return SSA_OK;
}
