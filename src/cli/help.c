// Help, made from the tables.
#include "cli/help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/print.h"

static void option_line(FILE *out, enum option id)
{
    const struct option_row *row = &option_table[id];
    char name[64];
    (void)snprintf(name, sizeof name, "--%s%s%s", row->name, row->argument != NULL ? " " : "",
                   row->argument != NULL ? row->argument : "");
    if (row->letter != 0)
        (void)fprintf(out, "  -%c, %-22s", row->letter, name);
    else
        (void)fprintf(out, "      %-22s", name);
    (void)fprintf(out, " %s\n", row->help);
    if (row->setting != NULL)
        (void)fprintf(out, "%29s[environment: %s]\n", "", row->setting);
}

static void common_options(FILE *out)
{
    (void)fprintf(out, "\nOptions of every command, before or after its name:\n");
    for (enum option id = 0; id < OPT_COMMON_COUNT; id++)
        option_line(out, id);
}

static void command_help(FILE *out, const struct command *c)
{
    (void)fprintf(out, "usage: ssa-hsm %s [options]%s%s\n\n  %s\n", c->name, c->arguments[0] ? " " : "",
                  c->arguments, c->help);
    if (c->option_count > 0)
        (void)fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < c->option_count; i++)
        option_line(out, c->options[i]);
    common_options(out);
}

static void whole_help(FILE *out)
{
    (void)fprintf(out,
                  "usage: ssa-hsm COMMAND [options]\n\n"
                  "Keys of Autodesk Platform Services secure service accounts, kept in PKCS#11 tokens.\n\n"
                  "Commands:\n");
    for (size_t i = 0; i < command_count; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", command_table[i].name, command_table[i].arguments);
        (void)fprintf(out, "  %-26s %s\n", left, command_table[i].help);
    }
    (void)fprintf(out, "\n`ssa-hsm COMMAND --help` shows a command's own options.\n");
    common_options(out);
    (void)fprintf(
        out,
        "\nExit codes: 0 done, 1 unexpected, 2 usage, 3 configuration, 4 module or token absent, 5 PIN,\n"
        "6 key missing, 7 token operation, 8 network or TLS, 9 credentials refused, 10 refused by the\n"
        "API, 11 rate limit, 12 import failed and cleaned up, 13 something failed, and something is\n"
        "left or may be.\n"
        "`exec` ends as CMD does, or with 125 to 127 as env does.\n");
}

bool help_print(const struct command *command, struct ssa_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the help");
    if (command != NULL)
        command_help(out, command);
    else
        whole_help(out);
    const bool made = fclose(out) == 0;
    const bool printed = made && print_result(span_of(text, len), err);
    free(text);
    return printed;
}
