// Several modules, asked side by side for their tokens: each is in a process of its own, and most of the time they wait
// for a reader or a server.
#pragma once

#include "hsm/module/registry.h"
#include "hsm/module/user.h"

struct ahead;

// How they are asked: for their tokens' keys, too; while the caller does something else, even where there is one alone.
enum ahead_how { AHEAD_PLAINLY, AHEAD_KEYS = 1 << 0, AHEAD_BESIDE = 1 << 1 };

// For so many modules at most. What is given here and below is borrowed until ahead_end. NULL with err filled where
// there is no memory.
struct ahead *ahead_new(size_t most, const struct module_user *user, unsigned how, struct ssa_error *err);

// Begins to ask a module. The first one has the number 0. Messages are told when the answer is taken.
void ahead_ask(struct ahead *ahead, const struct module_entry *entry);

const struct module_entry *ahead_entry(const struct ahead *ahead, size_t at);

// Ends the asking of those whose answer was not taken.
void ahead_end(struct ahead **ahead);
#define AHEAD_AUTO __attribute__((cleanup(ahead_end))) struct ahead
