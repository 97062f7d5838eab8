// Which tokens a module shows. For hsm alone.
#pragma once

#include "hsm/module/module.h"

#define SLOTS_MAX 256U

// Lists the slots that hold a token.
bool module_slots(const struct module *module, CK_SLOT_ID slots[static SLOTS_MAX], CK_ULONG *count,
                  struct ssa_error *err) MUST_CHECK;

struct token_seen {
    CK_SLOT_ID slot;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token;
    bool unread; // its keys could not be searched for
};

// A module's description of itself, and those of its tokens that are initialised.
struct module_seen {
    CK_INFO about;
    size_t count;
    struct token_seen tokens[];
};

// Looks at the tokens. The caller frees *seen.
bool module_look(const struct module *module, struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

void module_seen_free(struct module_seen **seen);
#define SEEN_AUTO __attribute__((cleanup(module_seen_free))) struct module_seen
