#include "cli/run.h"

#include <errno.h>
#include <unistd.h>

#include "cli/command/common.h"
#include "cli/history/syslog.h"
#include "cli/output/print.h"
#include "cli/process/interrupt.h"
#include "cli/terminal/terminal.h"
#include "config/settings.h"

enum { TIMEOUT_LEAST = 1, TIMEOUT_MOST = 3600, CLOSING_MS = 3000, HURRIED_CLOSING_MS = 500 };

static bool verbose;
static unsigned closing_ms = CLOSING_MS;

static void tell_person(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    (void)context;
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
                              .tell = tell_person,
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
    // An option beats the profile, and the profile beats the environment.
    if (!take_options(settings, a, err))
        return false;
    if (!ssa_settings_environment(settings, environ, true, err))
        return false;
    if (!read_profiles(settings, a, &run->callbacks, err))
        return false;
    if (!syslog_check(settings, err))
        return false;
    return a->command->run(&invocation, err);
}

void run_settle(void)
{
    // A signal that has come leaves them the time to log out.
    const bool hurried = interrupt_signal() != 0;
    const struct ssa_callbacks callbacks = {.tell = tell_person, .interrupted = hurried ? NULL : was_interrupted};
    ssa_modules_settle(hurried ? HURRIED_CLOSING_MS : closing_ms, &callbacks);
}

bool run_command(const struct arguments *a, struct ssa_ending *ending, struct ssa_error *err)
{
    verbose = option_given(a, &option_verbose);
    struct ssa_settings *settings = ssa_settings_new();
    if (settings == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory");
    const bool done = run_with(settings, a, ending, err);
    ssa_settings_free(settings);
    return done;
}
