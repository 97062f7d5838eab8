// Opening the one token that is meant.
#pragma once

#include "hsm/module/user.h"
#include "hsm/uri/uri.h"

struct token;

// Where to look. All borrowed; NULL where unset.
struct token_wanted {
    const struct uri *uri;   // of a token or of an object on it; NULL is any token
    const char *module;      // path or name, as a person gave it
    bool uri_module_first;   // the URI's own module goes before `module`
    bool *chosen;            // where several match, a person may choose one, and it becomes true; NULL: nobody is asked
    struct module_user user; // what it refers to lives as long as the token
};

// Finds the one token that matches, in the module that is named, or in all that p11-kit knows, and opens it. Fails with
// SSA_ABSENT (no module, no token) or SSA_CONFIG (several match, and none was chosen). The caller closes *token.
bool search_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *err) MUST_CHECK;

// Begins what search_open does without waiting for it, where a module is named. search_abandon ends what was begun,
// where search_open is not called.
void search_begin(const struct token_wanted *wanted);
void search_abandon(void);

// The module that is named, as a person gave it; NULL where none is, so that search_open would ask each of them.
const char *search_module(const struct token_wanted *wanted);

// Whether no module is named, so that search_open would ask each of them.
bool search_is_needed(const struct token_wanted *wanted);
