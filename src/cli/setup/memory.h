// What a person has typed during a setup, so that it is asked for only once: PINs and the client secret, in locked
// memory. An answer is given again only if it was right, and only once in a step. So a PIN that is refused is never
// tried again by itself.
#pragma once

#include "core/secret.h"

enum { ANSWERS_MAX = 4, PROMPT_MAX = 512 };

struct memory {
    struct answer {
        char prompt[PROMPT_MAX];
        struct secret text;
        bool proved, used; // used: in this step
    } answers[ANSWERS_MAX];
};

// Asks for a secret, or gives the remembered one.
bool memory_ask(struct memory *memory, const char *prompt, char *answer, size_t capacity, size_t *len,
                struct ssa_error *err) MUST_CHECK;

// A step begins; it has ended, with this error where it failed.
void memory_begin(struct memory *memory);
void memory_end(struct memory *memory, bool done, const struct ssa_error *err);

void memory_free(struct memory *memory);
