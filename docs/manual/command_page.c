// The page of one command.
#include <string.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "roff.h"

static void put_synopsis(FILE *out, const struct command *c)
{
    (void)fputs(".SH SYNOPSIS\n.B ssa\\-hsm ", out);
    (void)fputs(c->name, out);
    (void)fputs("\n[\\fIoptions\\fR]", out);
    if (c->arguments != NULL) {
        (void)fputs("\n", out);
        roff_text(out, c->arguments);
    } else {
        (void)fputc('\n', out);
    }
}

static void put_options(FILE *out, const char *heading, const struct command *c, option_list options)
{
    for (; options != NULL && *options != NULL; options++) {
        if (!command_uses(c, *options) || (c->without_settings && *options != &option_help) ||
            *options == &option_version)
            continue;
        (void)fputs(heading, out);
        heading = "";
        roff_option(out, *options);
    }
}

static void put_exit_status(FILE *out, const struct command *c)
{
    static const struct fact codes[] = {{"125", "ssa-hsm failed", 0},
                                        {"126", "the program cannot be run", 0},
                                        {"127", "the program is not found", 0},
                                        {"any other", "that of the program", 0},
                                        {NULL, NULL, 0}};
    struct fact of_command[EXIT_CODES_MAX + 1] = {0};
    if (c->without_settings)
        (void)fputs(".SH EXIT STATUS\n0 if it was printed, else 1, or 2 if the command line is wrong.\n", out);
    else if (c->runs_program)
        roff_facts(out, "EXIT STATUS", codes, c);
    else if (command_exit_codes(c, of_command) > 0)
        roff_facts(out, "EXIT STATUS", of_command, NULL);
}

static void put_examples(FILE *out, const struct example *example)
{
    (void)fputs(".SH EXAMPLES\n", out);
    for (; example != NULL && example->line != NULL; example++) {
        (void)fputs(".TP\n.B ssa\\-hsm ", out);
        roff_text(out, example->line);
        roff_text(out, example->help);
    }
}

// Commands that begin with the same word, or are in the same group, are near.
static bool is_near(const struct command *c, const struct command *other)
{
    const size_t len = strcspn(c->name, " ");
    return other != c && !other->hidden &&
           (strcmp(other->group, c->group) == 0 ||
            (strncmp(other->name, c->name, len) == 0 && other->name[len] == ' '));
}

static void put_see_also(FILE *out, const struct command *c)
{
    (void)fputs(".SH SEE ALSO\n.BR ssa\\-hsm (1),\n", out);
    for (command_list other = commands; *other != NULL; other++)
        if (is_near(c, *other)) {
            roff_reference(out, *other);
            (void)fputs(",\n", out);
        }
    (void)fputs(".BR ssa\\-hsm\\-profile (5)\n", out);
}

void page_command(FILE *out, const struct command *c)
{
    char name[ROFF_NAME];
    roff_page_name(c, name);
    roff_head(out, name, 1, c->help);
    put_synopsis(out, c);
    (void)fputs(".SH DESCRIPTION\n", out);
    roff_text(out, c->about);
    for (const struct argument *a = c->argument_help; a != NULL && a->name != NULL; a++)
        roff_entry(out, a->name, a->help);
    (void)fputs(".SH OPTIONS\n", out);
    put_options(out, "", c, c->options);
    put_options(out, c->options != NULL ? ".SS Common options\n" : "", c, common_options);
    if (c->uses != 0)
        roff_facts(out, "ENVIRONMENT", help_variables, c);
    roff_facts(out, "FILES", help_files, c);
    put_exit_status(out, c);
    put_examples(out, c->examples);
    put_see_also(out, c);
}
