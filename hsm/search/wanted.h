// Which PKCS#11 token is meant.
#pragma once

#include "hsm/module/turns.h"
#include "hsm/uri/uri.h"

// Where to look. All borrowed; NULL where unset.
struct token_wanted {
    const struct uri *uri;                 // of a token or of an object on it; NULL is any token
    const char *module;                    // path or name, by option or environment
    bool uri_module_first;                 // the URI's own module goes before `module`
    const struct ssa_callbacks *callbacks; // whether a search is to stop
    struct turns turns;                    // what its context refers to lives as long as the token
};
