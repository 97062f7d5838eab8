// What a story with a new key begins and ends with, made up: a test wraps provision_new, provision_free and
// provision_undo, and sees the provisioning and its journal entry.
#pragma once

#include "manage/provision_key.h"

extern struct provision provision;
extern struct entry entry; // of provision
extern size_t provisions_freed;

// Makes them anew.
void provision_begin(void);

struct provision *__wrap_provision_new(const struct ssa_run *run, const struct ssa_output *output,
                                       struct ssa_ending *ending, struct ssa_error *err);
void __wrap_provision_free(struct provision **of);

// Is the step "undo".
bool __wrap_provision_undo(struct provision *of, const struct ssa_error *err);
