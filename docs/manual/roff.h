// Writing manual pages (man(7)).
#pragma once

#include <stdio.h>

#include "cli/help/facts.h"

// Text as it is: nothing in it is an instruction to roff. `code` is printed in bold, and each sentence begins a line.
void roff_text(FILE *out, const char *text);

// The head of a page, up to its NAME. name is that of the page: "ssa-hsm-key-list".
void roff_head(FILE *out, const char *name, int section, const char *help);

// A term in bold, and what it is.
void roff_entry(FILE *out, const char *term, const char *text);

void roff_option(FILE *out, const struct option *option);

// The facts that concern the command, or all of them where that is NULL, under a heading.
void roff_facts(FILE *out, const char *heading, const struct fact *facts, const struct command *command);

// The name of a command's page: "ssa-hsm-key-list".
#define ROFF_NAME 128U
void roff_page_name(const struct command *command, char name[static ROFF_NAME]);

// A reference to the page of a command, without a line break.
void roff_reference(FILE *out, const struct command *command);

// The pages. The last two are about all commands.
void page_command(FILE *out, const struct command *command);
void page_program(FILE *out);
void page_profile(FILE *out);
