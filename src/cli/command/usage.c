// Whether the command accepts what the line gives it.

#include "cli/command/common.h"
#include "cli/command/synonyms.h"
#include "core/text.h"

enum { COMMANDS_MAX = 64, QUOTED_MAX = 256 };

// Joins the words with blanks. Words that do not fit are left out: a message only quotes the text.
static void join(const struct arguments *a, size_t first, size_t end, char out[static QUOTED_MAX])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = first; i < end && i < a->word_count; i++) {
        if (!text_format(out + used, QUOTED_MAX - used, "%s%s", used > 0 ? " " : "", a->words[i]))
            return;
        used += strlen(out + used);
    }
}

// How many of the words may be the name of a command.
static size_t words_of_a_name(const struct arguments *a, command_list commands)
{
    char noun[QUOTED_MAX];
    join(a, 0, 2, noun);
    const size_t len = strlen(noun);
    for (command_list c = commands; *c != NULL; c++)
        if (strncmp((*c)->name, noun, len) == 0 && (*c)->name[len] == ' ')
            return 3;
    return 2;
}

// Adds a hint that lists the commands that begin with this word. False where there are none.
static bool name_group(const char *noun, command_list commands, struct ssa_error *err)
{
    char names[SSA_ERROR_TEXT_MAX] = "";
    size_t used = 0;
    bool takes_program = false;
    const size_t len = strlen(noun);
    for (; *commands != NULL; commands++) {
        const char *name = (*commands)->name;
        takes_program = takes_program || ((*commands)->takes_program && strcmp(name, noun) == 0);
        if (strncmp(name, noun, len) != 0 || name[len] != ' ')
            continue;
        if (!text_format(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", name))
            break;
        used += strlen(names + used);
    }
    if (used == 0)
        return false;
    (void)error_hint(err, "There are these commands: %s.%s", names,
                     takes_program ? " A program stands behind --." : "");
    return true;
}

bool usage_no_command(const struct arguments *a, command_list commands, struct ssa_error *err)
{
    const char *names[COMMANDS_MAX];
    char typed[QUOTED_MAX];
    size_t count = 0;
    if (a->word_count == 0) {
        error_set(err, SSA_USAGE, NULL, NULL, "no command given");
        return error_hint(err, "`ssa-hsm --help` lists the commands.");
    }
    for (command_list c = commands; *c != NULL && count < COMMANDS_MAX; c++)
        if (!(*c)->hidden)
            names[count++] = (*c)->name;
    join(a, 0, words_of_a_name(a, commands), typed);
    const char *near = a->word_count > 1 ? synonym_pair(a->words[0], a->words[1]) : NULL;
    if (near == NULL)
        near = text_nearest(typed, names, count);
    // "list keys"
    char turned[QUOTED_MAX];
    if (near == NULL && a->word_count > 1 && text_format(turned, sizeof turned, "%s %s", a->words[1], a->words[0]))
        near = text_nearest(turned, names, count);
    if (near == NULL)
        near = synonym_command(a->words[0]);
    error_set(err, SSA_USAGE, NULL, NULL, "there is no command \"%s\"", typed);
    if (a->word_count > 1 && name_group(typed, commands, err))
        return false;
    if (near != NULL)
        return error_hint(err, "Did you mean `ssa-hsm %s`?", near);
    if (name_group(a->words[0], commands, err))
        return false;
    return error_hint(err, "`ssa-hsm --help` lists the commands.");
}

// How many arguments a command takes, read from its help: "FIRST LAST", "[ACCOUNT]", "[COMMAND...]".
static void count_arguments(const struct command *command, size_t *least, size_t *most)
{
    *least = *most = 0;
    for (const char *word = command->arguments; word != NULL && !command->runs_program && !command->takes_program;
         word++) {
        const char *dots = strstr(word, "...");
        *least += word[0] != '[';
        *most += dots != NULL ? WORDS_MAX : 1;
        word = strchr(word, ' ');
        if (word == NULL)
            return;
    }
}

static bool check_voices(const struct arguments *a, struct ssa_error *err)
{
    return !option_given(a, &option_quiet) || !option_given(a, &option_verbose) ||
           error_set(err, SSA_USAGE, NULL, NULL, "--quiet and --verbose cannot be used together");
}

static bool check_arguments(const struct arguments *a, struct ssa_error *err)
{
    const struct command *command = a->command;
    const char *name = command->name;
    size_t least = 0, most = 0;
    count_arguments(command, &least, &most);
    const bool has_program = a->rest != NULL && a->rest[0] != NULL;
    const bool lacks_program = a->rest != NULL && a->rest[0] == NULL;
    char extra[QUOTED_MAX];
    join(a, most, a->word_count, extra);
    if (a->word_count > most && command->asks_secret) {
        error_set(err, SSA_USAGE, NULL, NULL, "%s takes no arguments", name);
        return error_hint(err, "A secret is never an argument, which other users could see: it is asked for, or read "
                               "from where APS_SECRET_ID says. What you typed may be in your shell's history.");
    }
    if (a->word_count > most && most == 0)
        error_set(err, SSA_USAGE, NULL, NULL, "%s takes no arguments (got: %s)", name, extra);
    else if (a->word_count > most)
        error_set(err, SSA_USAGE, NULL, NULL, "%s takes only %s (got also: %s)", name, command->arguments, extra);
    else if (command->takes_program && lacks_program)
        error_set(err, SSA_USAGE, NULL, NULL, "%s needs a program behind --", name);
    else if (a->word_count < least || (command->runs_program && !has_program))
        error_set(err, SSA_USAGE, NULL, NULL, "%s needs %s", name, command->arguments);
    else
        return check_voices(a, err);
    return error_hint(err, "`ssa-hsm %s --help` shows how it is used.", name);
}

static bool check_profiles(const struct arguments *a, struct ssa_error *err)
{
    const char *profiles[GIVEN_MAX];
    const size_t count = option_values(a, &option_profile, profiles);
    if (count > SSA_PROFILES_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "--profile is given more than %d times", SSA_PROFILES_MAX);
    if (count <= 1 || a->command->falls_back)
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "%s takes only one --profile", a->command->name);
    return error_hint(err, "Only `token`, `exec` and `jwt` take several, to use the next one where a PKCS#11 token "
                           "fails, and `agent`, which serves all of them.");
}

static bool no_longer_command(const struct arguments *a, command_list commands, struct ssa_error *err)
{
    struct arguments words = {.word_count = a->word_count < WORDS_MAX ? a->word_count + 1 : WORDS_MAX};
    words.words[0] = a->command->name;
    for (size_t i = 1; i < words.word_count; i++)
        words.words[i] = a->words[i - 1];
    return usage_no_command(&words, commands, err);
}

bool usage_check(const struct arguments *a, command_list commands, struct ssa_error *err)
{
    if (a->command == NULL)
        return usage_no_command(a, commands, err);
    // A word after such a command may be that of a longer one, which is not known.
    if (a->command->takes_program && a->word_count > 0)
        return no_longer_command(a, commands, err);
    return check_profiles(a, err) && check_arguments(a, err);
}
