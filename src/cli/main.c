// From the command line to a command, and from its end to an exit code.
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/advice/advice.h"
#include "cli/command/common.h"
#include "cli/command/suggestion.h"
#include "cli/commands.h"
#include "cli/config/setting.h"
#include "cli/help/help.h"
#include "cli/history/syslog.h"
#include "cli/output/print.h"
#include "cli/output/waiting.h"
#include "cli/process/interrupt.h"
#include "cli/terminal/terminal.h"
#include "config/settings.h"
#include "core/harden.h"
#include "core/secret.h"
#include "core/secret_range.h"

enum { EXIT_UNDONE = 12, EXIT_LEFT = 13, EXIT_EXEC_FAILED = 125 };
enum { TIMEOUT_LEAST = 1, TIMEOUT_MOST = 3600, CLOSING_MS = 3000, HURRIED_CLOSING_MS = 500 };

static bool verbose, shows_waiting;
static unsigned closing_ms = CLOSING_MS;

static void tell_person(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    (void)context;
    if (level == SSA_PROGRESS && shows_waiting) {
        waiting_progress(notice->text);
        return;
    }
    if ((level == SSA_DETAIL && !verbose) || (level == SSA_PROGRESS && isatty(STDERR_FILENO) == 0))
        return;
    print_notice(level == SSA_WARNING ? "warning: " : "", notice);
}

static bool was_interrupted(void *context)
{
    (void)context;
    return interrupt_signal() != 0;
}

static bool take_options(struct ssa_settings *settings, const struct arguments *a, struct ssa_error *err)
{
    for (size_t i = 0; i < a->given_count; i++) {
        const struct option *option = a->given[i].option;
        // A repeatable option has several values, and is not one setting: its command reads them.
        if (option->setting != NULL && !option->repeatable &&
            !ssa_settings_option(settings, option->setting, a->given[i].value, err))
            return false;
    }
    return true;
}

static bool read_profiles(struct ssa_settings *settings, const struct arguments *a,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    const struct command *command = a->command;
    const char *names[GIVEN_MAX];
    const size_t count = option_values(a, &option_profile, names);
    const char *name = count > 0 ? names[0] : NULL;
    if (command->falls_back)
        return ssa_settings_profiles(settings, names, count, callbacks, err);
    if (!ssa_settings_profile(settings, name, command->writes_profile, callbacks, err))
        return false;
    const bool names_no_account =
        name != NULL && settings_profile_path(settings)[0] == '\0' && !option_given(a, &option_account);
    return !command->account_of_usual_profile || !names_no_account ||
           ssa_settings_profile(settings, NULL, false, callbacks, err);
}

// A mistyped value is told also where it would not be looked at this time.
static bool check_settings(const struct ssa_settings *settings, struct ssa_error *err)
{
    bool named = false;
    return syslog_check(settings, err) && settings_names_keyring(settings, &named, err);
}

// An option beats the profile, and the profile beats the environment.
static bool read_settings(struct ssa_settings *settings, const struct arguments *a,
                          const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    return ssa_settings_environment(settings, environ, true, err) &&
           (a->command->reads_no_profile || read_profiles(settings, a, callbacks, err)) &&
           check_settings(settings, err);
}

// For a command that examines the settings, which tells itself what is wrong with them.
static void find_fault(struct ssa_settings *settings, const struct arguments *a, const struct ssa_callbacks *callbacks,
                       struct ssa_error *fault)
{
    struct ssa_callbacks silent = *callbacks;
    silent.tell = NULL;
    // What was passed over, such as a profile that need not exist, is no fault.
    if (read_settings(settings, a, &silent, fault))
        *fault = (struct ssa_error){0};
}

static bool run_with(struct ssa_settings *settings, const struct arguments *a, struct ssa_ending *ending,
                     struct ssa_error *err)
{
    struct invocation invocation = {
        .arguments = a,
        .settings = settings,
        .ending = ending,
        .run = {.settings = settings,
                .callbacks = {.context = settings,
                              .recorded = syslog_recorded,
                              .ask_secret = terminal_ask_secret,
                              .confirm = terminal_confirm,
                              .choose = terminal_choose,
                              .tell = tell_person,
                              .waiting = shows_waiting ? waiting_show : NULL,
                              .interrupted = was_interrupted},
                .insecure_http = option_given(a, &option_insecure_http),
                .pin_retry = option_given(a, &option_pin_retry),
                .overwrite = true},
    };
    struct ssa_run *run = &invocation.run;
    const char *timeout = option_value(a, &option_timeout);
    if (timeout != NULL && !parse_seconds(timeout, &option_timeout, TIMEOUT_LEAST, TIMEOUT_MOST, &run->timeout, err))
        return false;
    run->callbacks.patience = run->timeout;
    if (run->timeout != 0 && run->timeout < CLOSING_MS / 1000)
        closing_ms = run->timeout * 1000;
    if (!take_options(settings, a, err))
        return false;
    struct ssa_error fault = {0};
    invocation.settings_fault = &fault;
    if (a->command->examines_settings)
        find_fault(settings, a, &run->callbacks, &fault);
    else if (!read_settings(settings, a, &run->callbacks, err)) {
        if (!a->command->asks_agent || err->reason != SSA_REASON_NO_PROFILE)
            return false;
        fault = *err;
        if (!check_settings(settings, err))
            return false;
    }
    if (verbose && !a->command->reads_no_profile)
        settings_tell(&invocation);
    return a->command->run(&invocation, err);
}

// Runs the command of a line that usage_check has passed: with its settings, and with the terminal behind the
// callbacks.
static bool run_command(const struct arguments *a, struct ssa_ending *ending, struct ssa_error *err)
{
    verbose = option_given(a, &option_verbose);
    struct ssa_settings *settings = ssa_settings_new();
    if (settings == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory");
    const bool done = run_with(settings, a, ending, err);
    ssa_settings_free(settings);
    return done;
}

// After all was printed: waits until the PKCS#11 modules that the command used are closed.
static void settle(void)
{
    // A signal that has come leaves them the time to log out.
    const bool hurried = interrupt_signal() != 0;
    const struct ssa_callbacks callbacks = {.tell = tell_person,
                                            .waiting = shows_waiting ? waiting_show : NULL,
                                            .interrupted = hurried ? NULL : was_interrupted};
    waiting_progress("");
    ssa_modules_settle(hurried ? HURRIED_CLOSING_MS : closing_ms, &callbacks);
    waiting_erase();
}

// Messages need it until the program ends.
static struct arguments arguments;

static bool follow(char **argv, struct ssa_ending *ending, struct ssa_error *err)
{
    const struct arguments *a = &arguments;
    if (!arguments_read(&arguments, commands, argv, err))
        return false;
    if (option_given(a, &option_version))
        return version_print(err);
    if (option_given(a, &option_help) || argv[0] == NULL)
        return help_print(a, err);
    if (!usage_check(a, commands, err))
        return false;
    print_quietly(option_given(a, &option_quiet));
    shows_waiting = !option_given(a, &option_quiet) && waiting_is_seen();
    if (a->command->without_settings)
        return a->command->run(&(const struct invocation){.arguments = a}, err);
    suggestion_begin(commands, a);
    print_complete_by(suggestion_complete);
    advice_for(suggestion_accepts);
    if (a->command->before != NULL && !a->command->before(a, err))
        return false;
    return run_command(a, ending, err);
}

static int exit_code(const struct ssa_error *err, const struct ssa_ending *ending)
{
    if (arguments.command != NULL && arguments.command->runs_program)
        return EXIT_EXEC_FAILED;
    if (ending->how == SSA_END_PLAIN)
        return (int)err->code;
    return ending->how == SSA_END_LEFT ? EXIT_LEFT : EXIT_UNDONE;
}

// Returns the exit code.
static int work(char **argv)
{
    static struct ssa_ending ending;
    struct ssa_error err = {0};
    const bool done = follow(argv, &ending, &err);
    if (!done) {
        print_error(&err);
        print_ending(&ending);
    }
    settle();
    secret_wipe_stack();
    return done ? EXIT_SUCCESS : exit_code(&err, &ending);
}

// The program itself needs a tenth of it. The rest is for name services, TLS and PKCS#11 modules.
enum { STACK_ENOUGH = 1024 * 1024 };

struct errand {
    char **argv;
    int code;
    sigset_t mask; // the one that the process was started with
};

static void *run_errand(void *context)
{
    struct errand *errand = context;
    (void)pthread_sigmask(SIG_SETMASK, &errand->mask, NULL);
    errand->code = work(errand->argv);
    return NULL;
}

// Only the thread that works gets signals: they end what it waits for. Threads that libraries start get as much stack.
static int run_on_thread(struct errand *errand)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    int number = pthread_attr_init(&attributes);
    if (number != 0)
        return number;
    (void)sigfillset(&all);
    number = pthread_attr_setstacksize(&attributes, STACK_ENOUGH);
    if (number == 0)
        number = pthread_setattr_default_np(&attributes);
    if (number == 0)
        number = pthread_sigmask(SIG_SETMASK, &all, &errand->mask);
    if (number == 0) {
        number = pthread_create(&thread, &attributes, run_errand, errand);
        if (number == 0)
            (void)pthread_join(thread, NULL);
        (void)pthread_sigmask(SIG_SETMASK, &errand->mask, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return number;
}

// Where a limit (`ulimit -s`) makes the stack too small, the work is done in a thread with a stack of its own.
static int work_with_enough_stack(char **argv)
{
    struct rlimit limit = {0};
    struct errand errand = {.argv = argv, .code = SSA_UNEXPECTED};
    struct ssa_error err = {0};
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= STACK_ENOUGH)
        return work(argv);
    const int number = run_on_thread(&errand);
    if (number != 0) {
        error_errno(&err, SSA_UNEXPECTED, number, NULL,
                    "the stack is too small (`ulimit -s`), and there is no memory for a larger one");
        print_error(&err);
    }
    return errand.code;
}

// Ends the program without what libraries do at its end, which takes as long as a signature: they give back memory that
// the kernel takes anyway. A sanitizer looks for leaks then.
static _Noreturn void end(int code)
{
    (void)fflush(NULL);
#ifdef SSA_HSM_SANITIZED
    exit(code);
#else
    _exit(code);
#endif
}

int main(int argc, char **argv)
{
    // A second thread's own heap would grow by one page a time.
    (void)mallopt(M_ARENA_MAX, 1);
    secret_range_use();
    harden();
    interrupt_catch();
    const int code = work_with_enough_stack(argc > 0 ? argv + 1 : argv);
    interrupt_die();
    end(code);
}
