// The results of a search for one token. For this folder alone.
#pragma once

#include "hsm/token/describe.h"
#include "hsm/token/handle.h"

struct token_search {
    const struct uri *uri;
    const struct ssa_callbacks *callbacks;
    enum token_match how; // the best way in which any token matches
    size_t matches;       // in that way
    size_t seen;
    struct token first;
    CK_INFO first_about;                   // what its module says of itself
    char places[SSA_ERROR_TEXT_MAX / 2];   // of the matches, for the message that several match
    char there[SSA_ERROR_TEXT_MAX / 2];    // the tokens that were seen
    char failures[SSA_ERROR_TEXT_MAX / 2]; // modules that could not be asked
    struct token_info info;                // of the token that is looked at, and its URI
    char uri_text[URI_TEXT_MAX];
};
// NULL where there is no memory.
struct token_search *search_new(const struct uri *uri, const struct ssa_callbacks *callbacks);
void search_free(struct token_search **s);
#define SEARCH_AUTO __attribute__((cleanup(search_free))) struct token_search

// Notes those of a module's tokens that match.
void search_match(struct token_search *s, const struct module *module, const struct module_seen *seen);

// Notes a module that could not be asked.
void search_note_failure(struct token_search *s, const struct module_entry *entry, const struct ssa_error *why);

// Fails where there is not exactly one match, and says why.
bool search_is_one(const struct token_search *s, struct ssa_error *err) MUST_CHECK;
