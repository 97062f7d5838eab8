// From the command line to a command, and from its end to an exit code.
#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/command/suggestion.h"
#include "cli/command/usage.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output/print.h"
#include "cli/process/harden.h"
#include "cli/process/interrupt.h"
#include "cli/process/stack.h"
#include "cli/run.h"
#include "core/secret.h"

enum { EXIT_UNDONE = 12, EXIT_LEFT = 13, EXIT_EXEC_FAILED = 125 };

// Messages need it until the program ends.
static struct arguments arguments;

static bool follow(char **argv, struct ssa_ending *ending, struct ssa_error *err)
{
    static const char version[] = "ssa-hsm " SSA_HSM_VERSION "\n";
    const struct arguments *a = &arguments;
    if (!arguments_read(&arguments, commands, argv, err))
        return false;
    if (option_given(a, &option_version))
        return print_result(span_text(version), err);
    if (option_given(a, &option_help) && (a->command != NULL || a->word_count == 0))
        return help_print(a->command, err);
    if (!usage_check(a, commands, err))
        return false;
    suggestion_begin(commands, a);
    print_complete_by(suggestion_complete);
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
static int work(void *argv)
{
    static struct ssa_ending ending;
    struct ssa_error err = {0};
    const bool done = follow(argv, &ending, &err);
    if (!done) {
        print_error(&err);
        print_ending(&ending);
    }
    run_settle();
    secret_wipe_stack();
    return done ? EXIT_SUCCESS : exit_code(&err, &ending);
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
