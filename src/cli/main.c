// From the command line to a command, and from its end to an exit code.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/advice.h"
#include "cli/command.h"
#include "cli/harden.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/stack.h"
#include "cli/suggestion.h"
#include "cli/syslog.h"
#include "cli/terminal.h"
#include "config/settings.h"
#include "core/secret.h"
#include "core/text.h"

enum { TIMEOUT_LEAST = 1, TIMEOUT_MOST = 3600, EXEC_FAILED = 125, COMMANDS_MAX = 64 };

static bool verbose;

static void tell_person(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    (void)context;
    if ((level == SSA_DETAIL && !verbose) || (level == SSA_PROGRESS && isatty(STDERR_FILENO) == 0))
        return;
    char advice[SSA_ERROR_TEXT_MAX];
    (void)advice_text(notice->reason, "", notice->detail, advice, sizeof advice);
    print_note("%s%s%s%s", level == SSA_WARNING ? "warning: " : "", notice->text,
               advice[0] != '\0' ? ". " : "", advice);
}

static bool was_interrupted(void *context)
{
    (void)context;
    return interrupt_signal() != 0;
}

// How many of the words are the command's name; 0 where they are not.
static size_t matches(const struct command *command, const struct arguments *a)
{
    const char *space = strchr(command->name, ' ');
    if (a->word_count == 0)
        return 0;
    if (space == NULL)
        return strcmp(command->name, a->words[0]) == 0 ? 1 : 0;
    const size_t first = (size_t)(space - command->name);
    return a->word_count > 1 && strlen(a->words[0]) == first &&
                   memcmp(command->name, a->words[0], first) == 0 && strcmp(space + 1, a->words[1]) == 0
               ? 2
               : 0;
}

static bool no_command(const struct arguments *a, struct ssa_error *err)
{
    const char *names[COMMANDS_MAX];
    char typed[128], group[SSA_ERROR_TEXT_MAX / 2] = "";
    size_t count = 0;
    if (a->word_count == 0) {
        error_set(err, SSA_USAGE, NULL, NULL, "say what to do");
        return error_hint(err, "`ssa-hsm --help` lists the commands.");
    }
    (void)text_format(typed, sizeof typed, "%s%s%s", a->words[0], a->word_count > 1 ? " " : "",
                      a->word_count > 1 ? a->words[1] : "");
    const size_t noun = strlen(a->words[0]);
    for (size_t i = 0; i < command_count && count < sizeof names / sizeof names[0]; i++) {
        const char *name = command_table[i].name;
        names[count++] = name;
        const size_t used = strlen(group);
        if (strncmp(name, a->words[0], noun) == 0 && name[noun] == ' ')
            (void)text_format(group + used, sizeof group - used, "%s%s", used > 0 ? ", " : "", name);
    }
    const char *near = text_nearest(typed, names, count);
    error_set(err, SSA_USAGE, NULL, NULL, "there is no command \"%s\"", typed);
    if (near != NULL)
        return error_hint(err, "Did you mean `ssa-hsm %s`?", near);
    if (group[0] != '\0')
        return error_hint(err, "There are: %s.", group);
    return error_hint(err, "`ssa-hsm --help` lists the commands.");
}

static const struct command *find_command(const struct arguments *a, size_t *name_words,
                                          struct ssa_error *err)
{
    for (size_t i = 0; i < command_count; i++) {
        *name_words = matches(&command_table[i], a);
        if (*name_words > 0)
            return &command_table[i];
    }
    (void)no_command(a, err);
    return NULL;
}

static bool takes(const struct command *command, enum option id)
{
    if (id < OPT_COMMON_COUNT)
        return true;
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i] == id)
            return true;
    return false;
}

static bool check_usage(const struct command *command, const struct arguments *a, size_t words,
                        struct ssa_error *err)
{
    for (enum option id = 0; id < OPTION_COUNT; id++)
        if (a->given[id] && !takes(command, id)) {
            error_set(err, SSA_USAGE, NULL, NULL, "`%s` has no option --%s", command->name,
                      option_table[id].name);
            return error_hint(err, "`ssa-hsm %s --help` lists those it has.", command->name);
        }
    if (a->profile_count > 1 && !command->falls_back) {
        error_set(err, SSA_USAGE, NULL, NULL, "`%s` takes one --profile", command->name);
        return error_hint(err,
                          "Several, which fall back from one token to the next, are for `token`, `exec` and "
                          "`jwt`.");
    }
    const bool runs_another = command->run == command_exec;
    if (words < command->words_min || words > command->words_max || (a->rest != NULL) != runs_another ||
        (runs_another && a->rest[0] == NULL)) {
        error_set(err, SSA_USAGE, NULL, NULL, "`%s` takes %s%s", command->name,
                  command->arguments[0] != '\0' ? command->arguments : "no arguments",
                  words > command->words_max ? ", and not as many" : "");
        return error_hint(err, "`ssa-hsm %s --help` shows how it is used.", command->name);
    }
    return true;
}

// Options that are settings too, then the environment, then the profile.
static bool load_settings(struct ssa_settings *settings, const struct command *command,
                          const struct arguments *a, const struct ssa_callbacks *callbacks,
                          struct ssa_error *err)
{
    for (enum option id = 0; id < OPTION_COUNT; id++) {
        const char *name = option_table[id].setting;
        if (name != NULL && a->given[id] && !ssa_settings_option(settings, name, a->values[id], err))
            return false;
    }
    if (!ssa_settings_environment(settings, environ, true, err))
        return false;
    if (command->falls_back)
        return ssa_settings_profiles(settings, a->profiles, a->profile_count, callbacks, err);
    if (!ssa_settings_profile(settings, a->values[OPT_PROFILE], command->writes_profile, callbacks, err))
        return false;
    // A profile that is new names no account: another key of the usual one is meant, for a spare token.
    return !command->same_account || a->values[OPT_PROFILE] == NULL || a->given[OPT_ACCOUNT] ||
           settings_profile_path(settings)[0] != '\0' ||
           ssa_settings_profile(settings, NULL, false, callbacks, err);
}

static bool run_command(const struct command *command, const struct arguments *a, size_t name_words,
                        struct ssa_settings *settings, struct ssa_ending *ending, struct ssa_error *err)
{
    struct invocation invocation = {
        .arguments = a,
        .ending = ending,
        .words = a->words + name_words,
        .word_count = a->word_count - name_words,
        .settings = settings,
        .run = {.settings = settings,
                .callbacks = {.context = settings,
                              .recorded = syslog_recorded,
                              .ask_secret = terminal_ask_secret,
                              .confirm = terminal_confirm,
                              .tell = tell_person,
                              .interrupted = was_interrupted},
                .insecure_http = a->given[OPT_INSECURE_HTTP],
                .pin_retry = a->given[OPT_PIN_RETRY],
                .overwrite = true},
    };
    if (a->given[OPT_TIMEOUT] && !parse_seconds(a->values[OPT_TIMEOUT], option_table[OPT_TIMEOUT].name,
                                                TIMEOUT_LEAST, TIMEOUT_MOST, &invocation.run.timeout, err))
        return false;
    invocation.run.callbacks.patience = invocation.run.timeout;
    return load_settings(settings, command, a, &invocation.run.callbacks, err) &&
           syslog_check(settings, err) && command->run(&invocation, err);
}

static bool run(char **argv, bool *execs, struct ssa_ending *ending, struct ssa_error *err)
{
    static const char version[] = "ssa-hsm " SSA_HSM_VERSION "\n";
    // Messages need it to the end.
    static struct arguments a;
    size_t name_words = 0;
    const bool understood = arguments_read(&a, argv, err);
    *execs = a.word_count > 0 && strcmp(a.words[0], "exec") == 0;
    if (!understood)
        return false;
    verbose = a.given[OPT_VERBOSE];
    if (a.given[OPT_VERSION])
        return print_result(span_text(version), err);
    if (a.given[OPT_HELP] && a.word_count == 0)
        return help_print(NULL, err);
    const struct command *command = find_command(&a, &name_words, err);
    if (command == NULL)
        return false;
    if (a.given[OPT_HELP])
        return help_print(command, err);
    if (!check_usage(command, &a, a.word_count - name_words, err))
        return false;
    suggestion_begin(&a);
    print_complete_by(suggestion_complete);
    struct ssa_settings *settings = ssa_settings_new();
    if (settings == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory");
    const bool done = run_command(command, &a, name_words, settings, ending, err);
    ssa_settings_free(settings);
    return done;
}

enum { EXIT_UNDONE = 12, EXIT_LEFT = 13 };

static int exit_code(const struct ssa_error *err, const struct ssa_ending *ending)
{
    if (ending->how == SSA_END_PLAIN)
        return (int)err->code;
    return ending->how == SSA_END_LEFT ? EXIT_LEFT : EXIT_UNDONE;
}

// The exit code.
static int work(void *argv)
{
    static struct ssa_ending ending;
    bool execs = false;
    struct ssa_error err = {0};
    const bool done = run(argv, &execs, &ending, &err);
    if (!done) {
        print_error(&err);
        print_ending(&ending);
    }
    wipe_stack_and_registers();
    if (done)
        return EXIT_SUCCESS;
    return execs ? EXEC_FAILED : exit_code(&err, &ending);
}

int main(int argc, char **argv)
{
    int code = SSA_UNEXPECTED;
    struct ssa_error err = {0};
    harden();
    interrupt_catch();
    if (!stack_run(work, argc > 0 ? argv + 1 : argv, &code, &err))
        print_error(&err);
    interrupt_die();
    return code;
}
