/* A script's line as words, and what both halves of the parser need to take from them. */
#pragma once

#include "names.h"
#include "script.h"

enum { MAX_WORDS = 80 };

struct words {
    const char *file;
    unsigned int line;
    char *at[MAX_WORDS];
    size_t count, next;
};

/* Cuts the line in place. Words end at white space, "…" holds one together, # at a word's start ends the
 * line. */
bool words_split(struct words *words, char *line);

/* The next word, or NULL. */
const char *words_peek(const struct words *words);
const char *words_take(struct words *words);

/* True, and the word is taken, if it is this one. */
bool words_take_if(struct words *words, const char *word);

/* Prints the message with file and line; always false. */
bool words_fail(const struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool words_name(struct words *words, enum name_kind kind, CK_ULONG *number);
bool words_number(struct words *words, unsigned long max, unsigned long *number);
bool words_text(struct words *words, struct text *text);
bool words_rest(struct words *words, struct text *text);

/* class=CKO_… if it is the next word; true if it is not. */
bool words_class(struct words *words, struct optional *object_class);

/* script_calls.c and script_state.c: one line each. */
bool parse_call_rule(struct words *words, struct script *into);
bool parse_state_rule(struct words *words, struct script *into);
