#include "cli/command/line.h"

#include "cli/command/common.h"
#include "core/span.h"

static bool is_named(const struct option *option, const struct item *item)
{
    return item->is_letter ? option->letter == item->text[0]
                           : strlen(option->name) == item->len && memcmp(option->name, item->text, item->len) == 0;
}

// The option that an item names, or NULL.
static const struct option *option_in(option_list list, const struct item *item)
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
    item->option = option_in(common_options, item);
    item->is_common = item->option != NULL;
    if (item->option == NULL && line->command != NULL)
        item->option = option_in(line->command->options, item);
    item->is_own = item->option != NULL && (line->command == NULL || command_uses(line->command, item->option));
    for (command_list c = line->commands; item->option == NULL && *c != NULL; c++)
        item->option = option_in((*c)->options, item);
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

// "-profile" would be the letter p and the value "rofile", which nobody means.
static void read_letters(struct line *line, struct item *item)
{
    const char *text = line->letters;
    struct item whole = {.text = text, .len = strcspn(text, "=")};
    if (whole.len > 1)
        find_option(line, &whole);
    if (whole.option == NULL) {
        read_letter(line, item);
        return;
    }
    whole.kind = OPTION;
    whole.is_whole_name = true;
    *item = whole;
    line->letters = NULL;
}

bool line_read(struct line *line, struct item *item)
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
    if (!line->options_over && strcmp(text, "--") == 0) {
        line->options_over = true;
        item->kind = END_OF_OPTIONS;
    } else if (!line->options_over && strncmp(text, "--", 2) == 0) {
        read_long(line, text + 2, item);
    } else if (!line->options_over && text[0] == '-' && text[1] != '\0') {
        line->letters = text + 1;
        read_letters(line, item);
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
    for (struct item item; line_read(&line, &item);) {
        // What follows "--" is no part of a name that has begun: it may be another program's.
        if (item.kind == END_OF_OPTIONS && name != command->name)
            return false;
        if (item.kind != WORD)
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

const struct command *line_command(command_list commands, char *const *argv)
{
    // Of "agent" and "agent lock", the longer one.
    const struct command *found = NULL;
    for (command_list c = commands; *c != NULL; c++)
        if ((found == NULL || strlen((*c)->name) > strlen(found->name)) && names_command(*c, commands, argv))
            found = *c;
    return found;
}
