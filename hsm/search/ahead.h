// Several modules, asked side by side: each is in a process of its own, and most of the time they wait for a reader or
// a server. For this folder alone.
#pragma once

#include "hsm/search/ask.h"

struct ahead;

// Begins to ask modules for their tokens, and for their keys if wanted. Modules that there is no thread for are asked
// when their answer is taken. What is given is borrowed until ahead_end. NULL where there is no memory.
struct ahead *ahead_begin(const struct module_entry *const *entries, size_t count, const struct module_user *user,
                          bool with_keys);

// Waits for the answer of a module, which is given once. Fails as module_ask does.
bool ahead_take(struct ahead *ahead, const struct module_entry *entry, struct module_seen **seen,
                struct keys_seen *keys, struct ssa_error *err) MUST_CHECK;

// Ends the asking of those whose answer was not taken.
void ahead_end(struct ahead **ahead);
#define AHEAD_AUTO __attribute__((cleanup(ahead_end))) struct ahead
