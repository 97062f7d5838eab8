// Pages of help, for a terminal of 80 columns.
#pragma once

#include <stdio.h>

#include "cli/command/command.h"

void page_of_command(FILE *out, const struct command *command);

// The commands that begin with this word.
void page_of_noun(FILE *out, const char *noun);

void page_of_all(FILE *out);
