// Opening the one token that is meant.
#ifndef SSA_HSM_SEARCH_OPEN_H
#define SSA_HSM_SEARCH_OPEN_H

#include "hsm/module/turns.h"
#include "hsm/uri/uri.h"

struct token;

// Where to look. All borrowed; NULL where unset.
struct token_wanted {
    const struct uri *uri;                 // of a token or of an object on it; NULL is any token
    const char *module;                    // path or name, by option or environment
    bool uri_module_first;                 // the URI's own module goes before `module`
    const struct ssa_callbacks *callbacks; // whether a search is to stop
    struct turns turns;                    // what its context refers to lives as long as the token
};

// Loads the module, or searches those that p11-kit knows, each alone, and finds the one token that matches.
// Fails with SSA_ABSENT (no module, no token), SSA_CONFIG (several match: all are named). The caller closes
// *token.
bool token_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *err) MUST_CHECK;

// Whether no module is named, so that token_open would ask each of them, in a child process. Forking wants no
// other thread of ours beside it.
bool token_needs_search(const struct token_wanted *wanted);

#endif
