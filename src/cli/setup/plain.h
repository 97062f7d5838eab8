// The plain commands that do what a step does, quoted for a shell, with the options that were given to setup.
#pragma once

#include "core/error.h"

struct setup;

// A list of words that ends with NULL. A word of which nothing is known yet (an option that is not needed) is "".
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

// Says on standard error what a step does, and the command that does the same.
void plain_say(const char *what, const char *const *words);

// The same, printed for a script: the text as a comment, the command on its own line.
bool plain_print(const char *what, const char *const *words, struct ssa_error *err) MUST_CHECK;

// The command whose output, a setting, is exported to the commands that follow it.
void plain_say_exported(const char *what, const char *const *words);
bool plain_print_exported(const char *what, const char *const *words, struct ssa_error *err) MUST_CHECK;
