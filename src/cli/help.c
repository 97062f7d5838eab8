#include "cli/help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/output/print.h"

const char help_exit_codes[] =
    "0 done, 1 unexpected failure, 2 wrong command line, 3 wrong setting or file,\n"
    "4 PKCS#11 module or token not found, 5 PIN wrong, locked or not available,\n"
    "6 key or client secret not on the PKCS#11 token, 7 PKCS#11 operation failed,\n"
    "8 network or TLS, 9 client id or secret refused, 10 refused by the API, 11 rate limit,\n"
    "12 import failed and was undone, 13 something failed, and something is left or may be left,\n"
    "14 the name of a new profile, account, object or slot is in use, 15 you did not confirm.\n";

static void write_option(FILE *out, const struct option *option)
{
    const char *argument = option->argument != NULL ? option->argument : "";
    const char *blank = option->argument != NULL ? " " : "";
    char letter[] = "-x,";
    letter[1] = option->letter;
    const int width = fprintf(out, "  %3s --%s%s%s", option->letter != 0 ? letter : "", option->name, blank, argument);
    (void)fprintf(out, "%*s%s\n", width < 29 ? 29 - width : 1, "", option->help);
    if (option->setting != NULL)
        (void)fprintf(out, "%29s[environment: %s]\n", "", option->setting);
}

static void write_options(FILE *out, const char *heading, option_list options)
{
    if (options == NULL)
        return;
    (void)fprintf(out, "\n%s\n", heading);
    for (; *options != NULL; options++)
        write_option(out, *options);
}

static const char common_heading[] = "Options of every command, before or after its name:";

static const char *arguments_of(const struct command *c)
{
    return c->arguments != NULL ? c->arguments : "";
}

static void write_command(FILE *out, const struct command *c)
{
    (void)fprintf(out, "usage: ssa-hsm %s [options]%s%s\n\n  %s\n", c->name, c->arguments != NULL ? " " : "",
                  arguments_of(c), c->help);
    if (c->example != NULL)
        (void)fprintf(out, "\nExample:\n  ssa-hsm %s\n", c->example);
    write_options(out, "Options:", c->options);
    write_options(out, common_heading, common_options);
}

static void write_all_commands(FILE *out)
{
    const char *group = NULL;
    (void)fputs("usage: ssa-hsm COMMAND [options]\n\n"
                "Keeps the keys of Autodesk Platform Services secure service accounts in PKCS#11 tokens.\n",
                out);
    for (command_list c = commands; *c != NULL; c++) {
        if (group != (*c)->group)
            (void)fprintf(out, "\n%s:\n", (*c)->group);
        group = (*c)->group;
        const int width = fprintf(out, "  %s %s", (*c)->name, arguments_of(*c));
        (void)fprintf(out, "%*s%s\n", width < 29 ? 29 - width : 1, "", (*c)->help);
    }
    (void)fputs("\n`ssa-hsm COMMAND --help` shows the options of a command, and an example.\n", out);
    write_options(out, common_heading, common_options);
    (void)fprintf(out, "\nExit codes: %s`exec` ends as CMD does, or with 125 to 127 as env does.\n", help_exit_codes);
}

bool help_print(const struct command *command, struct ssa_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the help");
    if (command != NULL)
        write_command(out, command);
    else
        write_all_commands(out);
    const bool made = fclose(out) == 0;
    const bool printed = made ? print_result(span_of(text, len), err)
                              : error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the help");
    free(text);
    return printed;
}
