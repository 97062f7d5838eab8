#include "cli/help/page.h"

#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/help/facts.h"
#include "core/span.h"

enum { COLUMNS = 80, COMMAND_COLUMN = 23, TEXT_COLUMN = 27, EXAMPLE_COLUMN = 6 };

// Writes text in lines that begin at a column; the cursor is at another one. A word that is too long for a line is not
// broken: it may be something to copy.
static void write_wrapped(FILE *out, int at, int column, const char *text)
{
    if (at + 1 > column && at > 0) {
        (void)fputc('\n', out);
        at = 0;
    }
    int used = column;
    (void)fprintf(out, "%*s", column - at, "");
    for (bool first = true; *text != '\0'; first = false) {
        const int len = (int)strcspn(text, " ");
        if (!first && used + 1 + len > COLUMNS) {
            (void)fprintf(out, "\n%*s", column, "");
            used = column;
        } else if (!first) {
            (void)fputc(' ', out);
            used++;
        }
        (void)fwrite(text, 1, (size_t)len, out);
        used += len;
        text += len + (text[len] == ' ' ? 1 : 0);
    }
    (void)fputc('\n', out);
}

static void write_row(FILE *out, const char *name, int column, const char *text)
{
    write_wrapped(out, fprintf(out, "  %s", name), column, text);
}

static void write_option(FILE *out, const struct option *option)
{
    char text[OPTION_TEXT], letter[] = "-x,";
    const char *blank = option->argument != NULL ? " " : "",
               *argument = option->argument != NULL ? option->argument : "";
    letter[1] = option->letter;
    option_text(option, text);
    const int width = fprintf(out, "  %3s --%s%s%s", option->letter != 0 ? letter : "", option->name, blank, argument);
    write_wrapped(out, width, TEXT_COLUMN, text);
}

static void write_options(FILE *out, const char *heading, const struct command *command, option_list options)
{
    for (; options != NULL && *options != NULL; options++) {
        if (!command_uses(command, *options) || *options == &option_version ||
            (command->without_settings && *options != &option_help))
            continue;
        (void)fputs(heading, out);
        heading = "";
        write_option(out, *options);
    }
}

static void write_arguments(FILE *out, const struct argument *argument)
{
    if (argument == NULL)
        return;
    (void)fputs("\nArguments:\n", out);
    for (; argument->name != NULL; argument++)
        write_row(out, argument->name, TEXT_COLUMN, argument->help);
}

// The variables that an option stands for are one paragraph: the option is explained already.
static void write_variables_of_options(FILE *out, const struct command *command)
{
    char *text = NULL;
    size_t len = 0;
    FILE *list = open_memstream(&text, &len);
    if (list == NULL)
        return;
    const char *between = "";
    for (const struct fact *v = help_variables; v->name != NULL; v++) {
        const struct option *option = fact_concerns(v, command) ? variable_option(v, command) : NULL;
        if (option == NULL)
            continue;
        (void)fprintf(list, "%s%s (--%s)", between, v->name, option->name);
        between = ", ";
    }
    if (fclose(list) == 0 && len > 0)
        write_wrapped(out, 0, 2, text);
    free(text);
}

static void write_variables(FILE *out, const struct command *command)
{
    if (command->uses == 0)
        return;
    (void)fputs("\nEnvironment:\n", out);
    write_variables_of_options(out, command);
    for (const struct fact *v = help_variables; v->name != NULL; v++)
        if (fact_concerns(v, command) && variable_option(v, command) == NULL)
            write_row(out, v->name, TEXT_COLUMN, v->text);
}

static void write_exit_codes(FILE *out, const struct command *command)
{
    const char *heading = "\nExit codes:\n";
    if (command->runs_program) {
        (void)fprintf(out,
                      "\nExit codes:\n  %-*sthat of the program that was run\n  %-*sssa-hsm failed\n"
                      "  %-*sthe program cannot be run\n  %-*sthe program is not found\n",
                      TEXT_COLUMN - 2, "any", TEXT_COLUMN - 2, "125", TEXT_COLUMN - 2, "126", TEXT_COLUMN - 2, "127");
        return;
    }
    struct fact codes[EXIT_CODES_MAX];
    const size_t count = command_exit_codes(command, codes);
    for (size_t i = 0; i < count; i++) {
        (void)fputs(heading, out);
        heading = "";
        write_row(out, codes[i].name, 6, codes[i].text);
    }
}

static void write_examples(FILE *out, const struct example *example)
{
    if (example == NULL)
        return;
    (void)fputs("\nExamples:\n", out);
    for (; example->line != NULL; example++) {
        (void)fprintf(out, "  ssa-hsm %s\n", example->line);
        write_wrapped(out, 0, EXAMPLE_COLUMN, example->help);
    }
}

static void write_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "  %-*s%s\n", COMMAND_COLUMN - 2, command->name, command->help);
}

static void write_longer_commands(FILE *out, const struct command *command)
{
    const char *heading = "\nCommands:\n";
    for (command_list c = commands; *c != NULL; c++) {
        if (!command_is_of(*c, command->name))
            continue;
        (void)fputs(heading, out);
        heading = "";
        write_command(out, *c);
    }
}

void page_of_command(FILE *out, const struct command *c)
{
    const char *arguments = c->arguments != NULL ? c->arguments : "", *blank = c->arguments != NULL ? " " : "";
    (void)fprintf(out, "Usage: ssa-hsm %s [options]%s%s\n\n", c->name, blank, arguments);
    write_wrapped(out, 0, 0, c->about != NULL ? c->about : c->help);
    write_longer_commands(out, c);
    write_arguments(out, c->argument_help);
    write_options(out, "\nOptions:\n", c, c->options);
    write_options(out, "\nCommon options:\n", c, common_options);
    write_variables(out, c);
    write_exit_codes(out, c);
    write_examples(out, c->examples);
}

void page_of_noun(FILE *out, const char *noun)
{
    (void)fprintf(out, "Usage: ssa-hsm %s COMMAND [options]\n\nCommands:\n", noun);
    for (command_list c = commands; *c != NULL; c++)
        if (command_is_of(*c, noun))
            write_command(out, *c);
    (void)fprintf(out, "\n`ssa-hsm help %s COMMAND` explains one, with its options and examples.\n", noun);
}

static void write_group(FILE *out, const char *group)
{
    (void)fprintf(out, "%s:\n", group);
    for (command_list c = commands; *c != NULL; c++)
        if (!(*c)->hidden && strcmp((*c)->group, group) == 0)
            write_command(out, *c);
}

void page_of_all(FILE *out)
{
    (void)fputs("Usage: ssa-hsm COMMAND [options]\n\n"
                "Keeps the keys of Autodesk Platform Services service accounts in PKCS#11 tokens.\n\n",
                out);
    for (const char *const *group = help_groups; *group != NULL; group++)
        write_group(out, *group);
    (void)fputs("Options of every command:\n"
                "  -p PROFILE  the profile to use       --timeout SECONDS  wait so long at most\n"
                "  -v          say more                 -q                 print errors only\n"
                "  -h          help of the command      -V                 print the version\n"
                "`ssa-hsm help COMMAND` shows a command's options, exit codes and examples.\n",
                out);
}
