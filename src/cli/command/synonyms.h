// What other programs call a command or an option that we have by another name.
#pragma once

#include "cli/command/command.h"

// The command that somebody means who typed these two words; NULL where none is known.
const char *synonym_pair(const char *first, const char *second);

// The command that somebody means who typed this first word; NULL where none is known.
const char *synonym_command(const char *typed);

// The option that somebody means who typed this name or letter; NULL where none is known.
const char *synonym_option(const char *typed);

// Why there is no such option, and where its value goes; NULL where that is not known.
const char *synonym_secret(const char *typed);
