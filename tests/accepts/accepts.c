// Whether the program accepts a command line: it is read as the program reads it, and nothing is done.
#include <stdio.h>

#include "cli/command/common.h"
#include "cli/commands.h"

static struct arguments arguments;

int main(int argc, char **argv)
{
    struct ssa_error err = {0};
    if (argc > 0 && arguments_read(&arguments, commands, argv + 1, &err) &&
        (option_given(&arguments, &option_help) || usage_check(&arguments, commands, &err)))
        return 0;
    (void)fprintf(stderr, "%s\n", err.what);
    return SSA_USAGE;
}
