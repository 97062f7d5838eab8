// The results of a search for one token. For this folder alone.
#pragma once

#include "hsm/token/describe.h"
#include "hsm/token/handle.h"

enum { CANDIDATES_MAX = 16 };

// A token that matches, and what its module says of itself.
struct candidate {
    struct module_entry entry;
    CK_INFO about;
    struct token_info info;
};

struct token_search {
    const struct uri *uri;
    const struct ssa_callbacks *callbacks;
    enum token_match how; // the best way in which any token matches
    size_t matches;       // in that way
    size_t seen;
    struct token first;
    struct candidate *candidates; // the matches from the first on, CANDIDATES_MAX at most; NULL before there is one
    char there[SSA_ERROR_TEXT_MAX / 2];    // the tokens that were seen
    char failures[SSA_ERROR_TEXT_MAX / 2]; // modules that could not be asked
    struct token_info info;                // of the token that is looked at, and its URI
    char uri_text[URI_TEXT_MAX];
};
// NULL where there is no memory.
struct token_search *search_new(const struct uri *uri, const struct ssa_callbacks *callbacks);
void search_free(struct token_search **s);
#define SEARCH_AUTO __attribute__((cleanup(search_free))) struct token_search

// Notes those of a module's tokens that match. Fails where there is no memory.
bool search_match(struct token_search *s, const struct module *module, const struct module_seen *seen,
                  struct ssa_error *err) MUST_CHECK;

// Notes a module that could not be asked.
void search_note_failure(struct token_search *s, const struct module_entry *entry, const struct ssa_error *why);

// Fails where there is not exactly one match, and says why.
bool search_is_one(const struct token_search *s, struct ssa_error *err) MUST_CHECK;

// Whether several match, so that a person can choose one.
bool search_has_choice(const struct token_search *s);

// Has a person choose one of those that match, and gives its module and the URI that names it alone. Where there is
// nobody to ask, tells of each match how it is named. Fails with SSA_CONFIG where none is chosen.
bool search_choose(const struct token_search *s, const struct module_entry **entry, char uri[static URI_TEXT_MAX],
                   struct ssa_error *err) MUST_CHECK;
