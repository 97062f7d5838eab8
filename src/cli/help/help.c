// ssa-hsm help [COMMAND...], ssa-hsm version
#include "cli/help/help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/help/facts.h"
#include "cli/help/page.h"
#include "cli/output/print.h"
#include "core/text.h"

enum { NOUN_MAX = 64 };

bool version_print(struct ssa_error *err)
{
    static const char version[] = "ssa-hsm " SSA_HSM_VERSION "\n";
    return print_result(span_text(version), err);
}

static bool is_noun(const char *word)
{
    for (command_list c = commands; *c != NULL; c++)
        if (command_is_of(*c, word))
            return true;
    return false;
}

// "agent caller": the words of a command, and a word after it that longer ones have.
static bool find_noun(const struct arguments *a, char noun[static NOUN_MAX])
{
    if (a->command == NULL)
        return a->word_count == 1 && text_format(noun, NOUN_MAX, "%s", a->words[0]) && is_noun(noun);
    return a->word_count == 1 && text_format(noun, NOUN_MAX, "%s %s", a->command->name, a->words[0]) && is_noun(noun);
}

static void write_page(FILE *out, const struct arguments *a)
{
    char noun[NOUN_MAX];
    if (find_noun(a, noun))
        page_of_noun(out, noun);
    else if (a->command != NULL)
        page_of_command(out, a->command);
    else
        page_of_all(out);
}

bool help_print(const struct arguments *a, struct ssa_error *err)
{
    char *text = NULL;
    size_t len = 0;
    if (a->command == NULL && a->word_count > 0 && (a->word_count > 1 || !is_noun(a->words[0])))
        return usage_no_command(a, commands, err);
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the help");
    write_page(out, a);
    const bool made = fclose(out) == 0;
    const bool printed = made ? print_result(span_of(text, len), err)
                              : error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the help");
    free(text);
    return printed;
}

static bool help(const struct invocation *i, struct ssa_error *err)
{
    struct arguments asked;
    char *words[WORDS_MAX + 1];
    const struct arguments *a = i->arguments;
    for (size_t w = 0; w < a->word_count; w++)
        words[w] = (char *)(uintptr_t)a->words[w];
    words[a->word_count] = NULL;
    return arguments_read(&asked, commands, words, err) && help_print(&asked, err);
}

static bool version(const struct invocation *i, struct ssa_error *err)
{
    (void)i;
    return version_print(err);
}

const struct command command_help = {
    .name = "help",
    .group = "Start here",
    .arguments = "[COMMAND...]",
    .help = "explain a command, its options, and show examples",
    .about = "Explains a command, or lists the commands that begin with a word. Without an argument it lists all "
             "commands. `ssa-hsm COMMAND --help` does the same, and `man ssa-hsm-COMMAND` is the manual page.",
    .argument_help = ARGUMENTS({"COMMAND...", "a command, such as key create, or only its first word"}),
    .examples = EXAMPLES({"help", "Lists all commands."}, {"help account", "Lists the commands about accounts."},
                         {"help key create", "Explains one command."}),
    .without_settings = true,
    .run = help,
};

const struct command command_version = {
    .name = "version",
    .group = "Start here",
    .help = "print the version of this program",
    .about = "Prints the name and version of this program. `ssa-hsm --version` does the same.",
    .examples = EXAMPLES({"version", "Prints the version."}),
    .without_settings = true,
    .run = version,
};
