// A command line, item by item, as one command reads it.
//
// Options may stand before the command's name, and how an option is read depends on the command: `--replace` has a
// value for one and none for another. So the line is read as each command would read it, and belongs to the one whose
// name its first words are.
#pragma once

#include "cli/command/command.h"

// The line as one command reads it.
struct line {
    const struct command *command; // NULL: any
    command_list commands;
    char *const *next;
    const char *letters; // the rest of a bundle of short options; NULL or empty for none
    bool options_over;   // after "--"
};

enum kind { WORD, OPTION, END_OF_OPTIONS };

struct item {
    enum kind kind;
    const char *text;            // a word, or the name of an option as it was typed
    size_t len;                  // of text
    bool is_whole_name;          // one dash stands before the name of an option: "-profile"
    bool is_letter;              // the short form was typed
    const struct option *option; // NULL where no command has it
    bool is_common;
    bool is_own; // the command accepts it
    const char *value;
};

// False at the end of the line.
bool line_read(struct line *line, struct item *item);

// The command whose name the first words are; NULL for none.
const struct command *line_command(command_list commands, char *const *argv);
