// Texts and errors in a message. For the agent's two kinds of connections: to its signer, and a signer's to who unlocks
// it.
#pragma once

#include "core/codec.h"
#include "core/error.h"

// A text of at most capacity - 1 bytes. What is read cannot harm a terminal: any other is bad.
void put_text(struct writer *w, const char *text);
void get_text(struct reader *r, char *out, size_t capacity);

void put_error(struct writer *w, const struct ssa_error *err);
// One without a class is bad.
void get_error(struct reader *r, struct ssa_error *err);
