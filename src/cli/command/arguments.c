// The parser of the command line.
#include "cli/command/arguments.h"

#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/command/line.h"
#include "cli/command/synonyms.h"
#include "core/text.h"

enum { NAMES_MAX = 256, QUOTED_MAX = 64 };

static size_t add_names(const struct command *command, option_list list, const char **names, size_t count)
{
    for (; list != NULL && *list != NULL && count < NAMES_MAX; list++)
        if (command == NULL || command_uses(command, *list))
            names[count++] = (*list)->name;
    return count;
}

static const char *nearest(const struct line *line, const char *typed, bool is_letter)
{
    const char *names[NAMES_MAX];
    size_t count = add_names(line->command, common_options, names, 0);
    if (line->command != NULL)
        count = add_names(line->command, line->command->options, names, count);
    for (command_list c = line->commands; line->command == NULL && *c != NULL; c++)
        count = add_names(NULL, (*c)->options, names, count);
    const char *near = is_letter ? NULL : text_nearest(typed, names, count);
    const char *meant = near == NULL ? synonym_option(typed) : NULL;
    // The command may not have it.
    for (size_t i = 0; meant != NULL && i < count; i++)
        if (strcmp(names[i], meant) == 0)
            return meant;
    return near;
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
    const char *near = whole ? nearest(line, typed, item->is_letter) : NULL;
    const char *dashes = item->is_letter ? "-" : "--";
    if (command != NULL)
        error_set(err, SSA_USAGE, NULL, NULL, "%s has no option %s%s", command, dashes, typed);
    else
        error_set(err, SSA_USAGE, NULL, NULL, "there is no option %s%s", dashes, typed);
    const char *secret = whole ? synonym_secret(typed) : NULL;
    if (secret != NULL)
        return error_hint(err, "%s", secret);
    if (near != NULL)
        return error_hint(err, "Did you mean --%s?", near);
    return error_hint(err, "`ssa-hsm %s%s--help` lists the options.", command != NULL ? command : "", blank);
}

// The value of the option that a text is, or means in another form; NULL for none.
static const char *find_value(const struct option *option, const char *text)
{
    for (const char *const *value = option->values; *value != NULL; value++)
        if (strcmp(*value, text) == 0)
            return text;
    return option->meant != NULL ? option->meant(text) : NULL;
}

static void names_text(const char *const *names, char out[static OPTION_VALUES_TEXT])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *between = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
        if (!text_format(out + used, OPTION_VALUES_TEXT - used, "%s%s", between, names[i]))
            return;
        used += strlen(out + used);
    }
}

static bool refuse_value(const struct option *option, const char *const *names, const char *value,
                         struct ssa_error *err)
{
    char values[OPTION_VALUES_TEXT];
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    const char *near = text_nearest(value, names, count);
    error_set(err, SSA_USAGE, NULL, NULL, "--%s cannot be \"%s\"", option->name, value);
    if (near != NULL)
        return error_hint(err, "Did you mean --%s %s?", option->name, near);
    names_text(names, values);
    return error_hint(err, "It takes %s.", values);
}

static bool add_option(struct arguments *a, const struct line *line, const struct item *item, struct ssa_error *err)
{
    const struct option *option = item->option;
    const char *value = item->value;
    if (item->is_whole_name) {
        error_set(err, SSA_USAGE, NULL, NULL, "-%s has one dash", option->name);
        return error_hint(err, "Did you mean --%s?", option->name);
    }
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
    } else if (option->values != NULL && (value = find_value(option, value)) == NULL) {
        return refuse_value(option, option->values, item->value, err);
    }
    if (a->given_count == GIVEN_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "there are more than %d options", GIVEN_MAX);
    a->given[a->given_count].option = option;
    a->given[a->given_count++].value = value;
    return true;
}

static bool add_word(struct arguments *a, const char *word, struct ssa_error *err)
{
    if (a->word_count == WORDS_MAX)
        return error_set(err, SSA_USAGE, NULL, word, "there are too many arguments");
    a->words[a->word_count++] = word;
    return true;
}

static size_t words_of_name(const struct command *command)
{
    size_t count = command == NULL ? 0 : 1;
    for (const char *at = command == NULL ? "" : command->name; *at != '\0'; at++)
        count += *at == ' ';
    return count;
}

const struct option *arguments_read_part(struct arguments *a, command_list commands, char *const *argv, bool *over)
{
    *a = (struct arguments){.command = line_command(commands, argv)};
    struct line line = {.command = a->command, .commands = commands, .next = argv};
    size_t of_name = words_of_name(a->command);
    const struct option *awaiting = NULL;
    for (struct item item; line_read(&line, &item);) {
        const bool runs = a->command != NULL && a->command->runs_program && of_name == 0;
        const bool takes = a->command != NULL && a->command->takes_program && of_name == 0;
        awaiting = NULL;
        if ((runs && item.kind != OPTION) || (takes && item.kind == END_OF_OPTIONS)) {
            a->rest = item.kind == WORD ? line.next - 1 : line.next;
            break;
        }
        if (item.kind == WORD && of_name > 0)
            of_name--;
        else if (item.kind == WORD && !add_word(a, item.text, ERROR_IGNORED))
            break;
        else if (item.kind == OPTION && !add_option(a, &line, &item, ERROR_IGNORED) && item.option != NULL &&
                 (item.is_own || a->command == NULL) && item.option->argument != NULL && item.value == NULL)
            awaiting = item.option;
    }
    *over = line.options_over;
    return awaiting;
}

bool arguments_read(struct arguments *a, command_list commands, char *const *argv, struct ssa_error *err)
{
    *a = (struct arguments){.command = line_command(commands, argv)};
    struct line line = {.command = a->command, .commands = commands, .next = argv};
    size_t of_name = words_of_name(a->command);
    for (struct item item; line_read(&line, &item);) {
        const bool runs = a->command != NULL && a->command->runs_program;
        const bool takes = a->command != NULL && a->command->takes_program;
        if (item.kind == END_OF_OPTIONS) {
            // What follows is the program, and another "--" is its own.
            if ((runs || takes) && of_name == 0) {
                a->rest = line.next;
                return true;
            }
        } else if (item.kind == OPTION) {
            if (!add_option(a, &line, &item, err))
                return false;
        } else if (of_name > 0) {
            of_name--;
        } else if (runs) {
            // As with env and sudo, the program begins with the first word, and its options are its own.
            a->rest = line.next - 1;
            return true;
        } else if (!add_word(a, item.text, err)) {
            return false;
        }
    }
    return true;
}

void option_values_text(const struct option *option, char out[static OPTION_VALUES_TEXT])
{
    static const char *const none[] = {NULL};
    names_text(option->values != NULL ? option->values : none, out);
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
    return refuse_value(option, names, value, err);
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
