// ssa-hsm agent
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/agent/background.h"
#include "cli/agent/foreground.h"
#include "cli/agent/options.h"
#include "cli/agent/program.h"
#include "cli/output/print.h"
#include "cli/terminal/terminal.h"
#include "core/text.h"

enum { NOT_FOUND = 127, NOT_RUN = 126, TERMINAL_NAME_MAX = 256 };

// Both processes have them.
static struct agent_options options;
static struct agent_texts texts;

// A program of its own gets an agent of its own, at a path of its own beside the usual one.
static bool choose_socket(const struct arguments *a, struct ssa_error *err)
{
    if (!agent_socket_path(a, texts.socket, err))
        return false;
    if (a->rest == NULL || option_given(a, &option_socket))
        return true;
    options.once = true;
    char usual[AGENT_PATH_MAX];
    const char *slash = strrchr(texts.socket, '/');
    (void)text_format(usual, sizeof usual, "%.*s", (int)(slash - texts.socket), texts.socket);
    return text_format(texts.socket, sizeof texts.socket, "%s/agent-%ld.sock", usual, (long)getpid()) ||
           error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, usual, "is too long for the folder of a socket");
}

// The signer has no terminal. A pinentry that it starts finds the person's by this variable.
static void name_terminal(void)
{
    char name[TERMINAL_NAME_MAX];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (ttyname_r(fd, name, sizeof name) == 0)
            (void)setenv("GPG_TTY", name, 0);
}

static bool begin(const struct arguments *a, struct ssa_error *err)
{
    if (!agent_options_read(a, &texts, &options, err) || !choose_socket(a, err))
        return false;
    name_terminal();
    if (option_given(a, &option_foreground))
        return true;
    if (a->rest != NULL)
        program_refuse_missing(a->rest);
    return background_begin(a->rest != NULL, err);
}

struct serving {
    bool foreground, unlock;
};

static void is_ready(void *context, const char *socket)
{
    const struct serving *serving = context;
    background_ready(socket);
    if (!serving->foreground)
        return;
    print_note("%s: the agent answers", socket);
    if (serving->unlock)
        foreground_unlock(socket);
}

static bool serve(const struct invocation *i, struct ssa_error *err)
{
    struct serving serving = {.foreground = background_side() == BACKGROUND_NONE,
                              .unlock = !option_given(i->arguments, &option_locked)};
    struct ssa_run run = i->run;
    // The agent runs without a time limit, and has nobody to ask once it is ready.
    run.callbacks.waiting = NULL;
    run.callbacks.tell = serving.foreground ? run.callbacks.tell : background_tell;
    options.until = background_until();
    options.hangup_stops = serving.foreground && terminal_is_there();
    options.ready = is_ready;
    options.context = &serving;
    bool done = agent_options_complete(&run, &texts, &options, err);
    if (done && !serving.foreground)
        background_close_inherited(&options);
    done = done && agent_run(&options, err);
    foreground_end();
    return done;
}

// Without a terminal, what only a person can unlock stays locked until somebody does it.
static bool unlock(const struct invocation *i, struct ssa_error *err)
{
    if (option_given(i->arguments, &option_locked) || agent_unlock(background_socket(), NULL, &i->run, err))
        return true;
    if (!agent_wants_person(err) || terminal_is_there())
        return false;
    print_note("warning: %s: locked. `ssa-hsm agent unlock` asks for the PIN", background_socket());
    return true;
}

static bool hand_over(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    if (!unlock(i, err))
        return false;
    if (a->rest == NULL)
        return program_print_shell(program_wants_csh(a), background_socket(), background_agent(), err);
    if (!program_become(i->settings, a->rest, background_socket(), background_agent(), err)) {
        background_end();
        print_error(err);
        _exit(err->number == ENOENT ? NOT_FOUND : NOT_RUN);
    }
    return true;
}

// Where the stack is small, the program works on a thread of its own. After the split there is no other one, which
// could end the process with an exit code.
static _Noreturn void serve_in_background(const struct invocation *i, struct ssa_error *err)
{
    const bool done = serve(i, err);
    if (!done)
        print_error(err);
    _exit(done ? EXIT_SUCCESS : (int)err->code);
}

static bool agent(const struct invocation *i, struct ssa_error *err)
{
    if (background_side() == BACKGROUND_AGENT)
        serve_in_background(i, err);
    if (background_side() == BACKGROUND_NONE)
        return serve(i, err);
    if (hand_over(i, err))
        return true;
    background_end();
    return false;
}

const struct command command_agent = {
    .name = "agent",
    .group = "Access tokens",
    .arguments = "[-- CMD [ARG ...]]",
    .help = "start the agent: one login, access tokens for many",
    .about =
        "Starts a process that logs in once, keeps access tokens, and hands them out at a Unix socket. `ssa-hsm "
        "token`, "
        "`exec` and `jwt` of this user ask it by themselves. It asks for the PIN, goes into the background, and "
        "prints commands for a shell that say where it is, as ssh-agent does: eval \"$(ssa-hsm agent)\". With CMD, "
        "it serves only that program and what it starts, and ends with it. --profile may be repeated; a request that "
        "names no profile is for the first one. In the background, its messages go to the system's log.",
    .argument_help = ARGUMENTS({"CMD", "a program that has the agent as long as it runs"}, {"ARG", "its arguments"}),
    .examples = EXAMPLES({"agent", "Starts the agent; eval \"$(ssa-hsm agent)\" tells the shell where it is, too."},
                         {"agent --profile work --lock-after 10m", "Locks when nobody has asked for ten minutes."},
                         {"agent --foreground --audit journal", "Stays, as a service does, and writes an audit."},
                         {"agent -- ./nightly.sh", "The script's calls of ssa-hsm share one login."}),
    .exit_codes =
        EXIT_CODES({"4", "the PKCS#11 module or token is not there"}, EXIT_LOGIN_FAILED,
                   {"14", "an agent listens there already, or a port is in use"}, {"126", "CMD cannot be run"},
                   {"127", "CMD is not found"}, {"any", "that of CMD, where there is one"}),
    .falls_back = true,
    .reads_no_profile = true,
    .takes_program = true,
    .uses = USE_PROFILE | USE_SOCKET,
    .options =
        OPTIONS(&option_lock_after, &option_locked, &option_foreground, &option_csh, &option_socket, &option_allow,
                &option_audit, &option_facade, &option_listen, &option_tls_cert, &option_tls_key, &option_client_ca),
    .before = begin,
    .run = agent,
};
