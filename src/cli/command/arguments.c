// The parser of the command line.
//
// Options may stand before the command's name, and how an option is read depends on the command: `--replace` has a
// value for one and none for another. So the line is read as each command would read it, and belongs to the one whose
// name its first words are.
#include "cli/command/arguments.h"

#include <stdlib.h>

#include "cli/command/common.h"
#include "core/text.h"

enum { NAMES_MAX = 256, QUOTED_MAX = 64 };

// The line as one command reads it.
struct line {
    const struct command *command; // NULL: any
    command_list commands;
    char *const *next;
    const char *letters; // the rest of a bundle of short options; NULL or empty for none
};

enum kind { WORD, OPTION, REST };

struct item {
    enum kind kind;
    const char *text;            // a word, or the name of an option as it was typed
    size_t len;                  // of text
    bool is_letter;              // the short form was typed
    const struct option *option; // NULL where no command has it
    bool is_common;
    bool is_own; // the command accepts it
    const char *value;
};

static bool is_named(const struct option *option, const struct item *item)
{
    return item->is_letter ? option->letter == item->text[0]
                           : strlen(option->name) == item->len && memcmp(option->name, item->text, item->len) == 0;
}

static const struct option *find_in(option_list list, const struct item *item)
{
    for (; list != NULL && *list != NULL; list++)
        if (is_named(*list, item))
            return *list;
    return NULL;
}

// The command's own option comes before another command's of the same name. Another command's option is looked for only
// to know whether a value follows.
static void find_option(const struct line *line, struct item *item)
{
    item->option = find_in(common_options, item);
    item->is_common = item->option != NULL;
    if (item->option == NULL && line->command != NULL)
        item->option = find_in(line->command->options, item);
    item->is_own = item->option != NULL && (line->command == NULL || command_uses(line->command, item->option));
    for (command_list c = line->commands; item->option == NULL && *c != NULL; c++)
        item->option = find_in((*c)->options, item);
}

static void read_long(struct line *line, const char *text, struct item *item)
{
    item->len = strcspn(text, "=");
    item->text = text;
    find_option(line, item);
    if (text[item->len] == '=')
        item->value = text + item->len + 1;
    else if (item->option != NULL && item->option->argument != NULL && *line->next != NULL)
        item->value = *line->next++;
}

// Short options may stand together. One that takes a value ends them: "-fheader", "-f header".
static void read_letter(struct line *line, struct item *item)
{
    item->text = line->letters++;
    item->len = 1;
    item->is_letter = true;
    find_option(line, item);
    if (item->option == NULL || item->option->argument == NULL)
        return;
    if (*line->letters != '\0')
        item->value = line->letters;
    else if (*line->next != NULL)
        item->value = *line->next++;
    line->letters = NULL;
}

// False at the end of the line.
static bool read_item(struct line *line, struct item *item)
{
    *item = (struct item){.kind = OPTION};
    if (line->letters != NULL && *line->letters != '\0') {
        read_letter(line, item);
        return true;
    }
    const char *text = *line->next;
    if (text == NULL)
        return false;
    line->next++;
    if (strcmp(text, "--") == 0) {
        item->kind = REST;
    } else if (strncmp(text, "--", 2) == 0) {
        read_long(line, text + 2, item);
    } else if (text[0] == '-' && text[1] != '\0') {
        line->letters = text + 1;
        read_letter(line, item);
    } else {
        item->kind = WORD;
        item->text = text;
        item->len = strlen(text);
    }
    return true;
}

static bool names_command(const struct command *command, command_list commands, char *const *argv)
{
    struct line line = {.command = command, .commands = commands, .next = argv};
    const char *name = command->name;
    for (struct item item; read_item(&line, &item) && item.kind != REST;) {
        if (item.kind == OPTION)
            continue;
        const size_t len = strcspn(name, " ");
        if (item.len != len || memcmp(item.text, name, len) != 0)
            return false;
        if (name[len] == '\0')
            return true;
        name += len + 1;
    }
    return false;
}

static const struct command *find_command(command_list commands, char *const *argv)
{
    for (command_list c = commands; *c != NULL; c++)
        if (names_command(*c, commands, argv))
            return *c;
    return NULL;
}

static size_t add_names(const struct command *command, option_list list, const char **names, size_t count)
{
    for (; list != NULL && *list != NULL && count < NAMES_MAX; list++)
        if (command == NULL || command_uses(command, *list))
            names[count++] = (*list)->name;
    return count;
}

static const char *nearest(const struct line *line, const char *typed)
{
    const char *names[NAMES_MAX];
    size_t count = add_names(line->command, common_options, names, 0);
    if (line->command != NULL)
        count = add_names(line->command, line->command->options, names, count);
    for (command_list c = line->commands; line->command == NULL && *c != NULL; c++)
        count = add_names(NULL, (*c)->options, names, count);
    return text_nearest(typed, names, count);
}

static bool refuse_unused(const struct command *command, const struct option *option, struct ssa_error *err)
{
    error_set(err, SSA_USAGE, NULL, NULL, "%s does not use --%s", command->name, option->name);
    return error_hint(err, "--%s: %s. `ssa-hsm %s --help` lists the options of this command.", option->name,
                      option->help, command->name);
}

static bool refuse_option(const struct line *line, const struct item *item, struct ssa_error *err)
{
    const char *command = line->command != NULL ? line->command->name : NULL;
    const char *blank = command != NULL ? " " : "";
    char typed[QUOTED_MAX] = "";
    // A longer name is not close to that of any option, and only a part of it is quoted.
    const bool whole = text_format(typed, sizeof typed, "%.*s", (int)item->len, item->text);
    const char *near = whole && !item->is_letter ? nearest(line, typed) : NULL;
    const char *dashes = item->is_letter ? "-" : "--";
    if (command != NULL)
        error_set(err, SSA_USAGE, NULL, NULL, "%s has no option %s%s", command, dashes, typed);
    else
        error_set(err, SSA_USAGE, NULL, NULL, "there is no option %s%s", dashes, typed);
    if (near != NULL)
        return error_hint(err, "Did you mean --%s?", near);
    return error_hint(err, "`ssa-hsm %s%s--help` lists the options.", command != NULL ? command : "", blank);
}

static bool add_option(struct arguments *a, const struct line *line, const struct item *item, struct ssa_error *err)
{
    const struct option *option = item->option;
    if (line->command != NULL && item->is_common && !item->is_own)
        return refuse_unused(line->command, option, err);
    if (option == NULL || (!item->is_own && line->command != NULL))
        return refuse_option(line, item, err);
    const bool again = option_given(a, option);
    if (option->argument == NULL) {
        if (item->value != NULL)
            return error_set(err, SSA_USAGE, NULL, NULL, "--%s takes no value", option->name);
        if (again)
            return true;
    } else if (item->value == NULL) {
        return error_set(err, SSA_USAGE, NULL, NULL, "%s%.*s needs a value: --%s %s", item->is_letter ? "-" : "--",
                         (int)item->len, item->text, option->name, option->argument);
    } else if (item->value[0] == '\0') {
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s has an empty value", option->name);
    } else if (again && !option->repeatable) {
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s is given twice", option->name);
    }
    if (a->given_count == GIVEN_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "there are more than %d options", GIVEN_MAX);
    a->given[a->given_count].option = option;
    a->given[a->given_count++].value = item->value;
    return true;
}

static bool add_word(struct arguments *a, const char *word, struct ssa_error *err)
{
    if (a->word_count == WORDS_MAX)
        return error_set(err, SSA_USAGE, NULL, word, "there are too many arguments");
    a->words[a->word_count++] = word;
    return true;
}

bool arguments_read(struct arguments *a, command_list commands, char *const *argv, struct ssa_error *err)
{
    *a = (struct arguments){.command = find_command(commands, argv)};
    struct line line = {.command = a->command, .commands = commands, .next = argv};
    size_t of_name = a->command == NULL ? 0 : strchr(a->command->name, ' ') != NULL ? 2 : 1;
    for (struct item item; read_item(&line, &item);) {
        if (item.kind == REST) {
            a->rest = line.next;
            return true;
        }
        if (item.kind == OPTION) {
            if (!add_option(a, &line, &item, err))
                return false;
        } else if (of_name > 0) {
            of_name--;
        } else if (a->command != NULL && a->command->runs_program) {
            // As with env and sudo, the program begins with the first word, and its options are its own.
            a->rest = line.next - 1;
            return true;
        } else if (!add_word(a, item.text, err)) {
            return false;
        }
    }
    return true;
}

bool option_given(const struct arguments *a, const struct option *option)
{
    for (size_t i = 0; i < a->given_count; i++)
        if (a->given[i].option == option)
            return true;
    return false;
}

const char *option_value(const struct arguments *a, const struct option *option)
{
    for (size_t i = 0; i < a->given_count; i++)
        if (a->given[i].option == option)
            return a->given[i].value;
    return NULL;
}

size_t option_values(const struct arguments *a, const struct option *option, const char *out[static GIVEN_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < a->given_count; i++)
        if (a->given[i].option == option)
            out[count++] = a->given[i].value;
    return count;
}

bool option_choice(const struct arguments *a, const struct option *option, const char *const *names, size_t *choice,
                   struct ssa_error *err)
{
    const char *value = option_value(a, option);
    if (value == NULL)
        return true;
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(value, names[i]) == 0) {
            *choice = i;
            return true;
        }
    error_set(err, SSA_USAGE, NULL, NULL, "--%s cannot be \"%s\"", option->name, value);
    return error_hint(err, "--%s %s: %s", option->name, option->argument, option->help);
}

// In both functions below, a number that is too large for its type becomes the largest one, which is over the bound.
bool parse_seconds(const char *text, const struct option *option, unsigned least, unsigned most, unsigned *seconds,
                   struct ssa_error *err)
{
    char *end = NULL;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < least || value > most)
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s takes a whole number of seconds from %u to %u, not \"%s\"",
                         option->name, least, most, text);
    *seconds = (unsigned)value;
    return true;
}

bool parse_duration(const char *text, const struct option *option, long long *seconds, struct ssa_error *err)
{
    static const struct {
        const char *unit;
        long long seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    static const long long most = 10LL * 365 * 86400;
    char *end = NULL;
    const long long value = strtoll(text, &end, 10);
    for (size_t i = 0; i < COUNT(units); i++)
        if (text[0] >= '0' && text[0] <= '9' && strcmp(end, units[i].unit) == 0 && value > 0 &&
            value <= most / units[i].seconds) {
            *seconds = value * units[i].seconds;
            return true;
        }
    error_set(err, SSA_USAGE, NULL, NULL, "--%s %s is not a valid time", option->name, text);
    return error_hint(err, "Give a number of seconds, or a number with m, h or d: 90, 30m, 12h, 7d.");
}
