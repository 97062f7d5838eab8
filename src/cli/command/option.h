// An option of a command. Its address is its identity: two options of one name are two options.
#pragma once

#include <stdbool.h>

struct option {
    const char *name;
    const char *argument; // what the help calls its value; NULL for a switch
    const char *help;
    const char *setting; // the setting that it is another way to give; NULL for none
    char letter;         // its short form, or 0
    bool repeatable;
};

// A list that ends with NULL.
typedef const struct option *const *option_list;
#define OPTIONS(...) ((const struct option *const[]){__VA_ARGS__, NULL})
