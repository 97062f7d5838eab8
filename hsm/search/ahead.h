// Several modules, asked side by side for their tokens: each is in a process of its own, and most of the time they wait
// for a reader or a server.
#pragma once

#include "hsm/module/registry.h"
#include "hsm/module/user.h"

struct ahead;

// For so many modules at most, which are asked for their keys, too, if those are wanted. What is given here and below
// is borrowed until ahead_end. NULL with err filled where there is no memory.
struct ahead *ahead_new(size_t most, const struct module_user *user, bool with_keys, struct ssa_error *err);

// Begins to ask a module. The first one has the number 0. Messages are told when the answer is taken.
void ahead_ask(struct ahead *ahead, const struct module_entry *entry);

const struct module_entry *ahead_entry(const struct ahead *ahead, size_t at);

// Ends the asking of those whose answer was not taken.
void ahead_end(struct ahead **ahead);
#define AHEAD_AUTO __attribute__((cleanup(ahead_end))) struct ahead
