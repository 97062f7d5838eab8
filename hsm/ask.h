// Which tokens a module shows: asked in this process, or in a child that may crash, hang and print in its
// stead. For this folder alone.
#ifndef SSA_HSM_ASK_H
#define SSA_HSM_ASK_H

#include "hsm/pkcs11.h"

struct token_seen {
    CK_SLOT_ID slot;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token;
};

// What a module said of itself, and its tokens that were set up.
struct module_seen {
    CK_INFO about;
    size_t count;
    struct token_seen tokens[SLOTS_MAX];
};

// Of a module that is open here. The caller frees *seen.
bool module_look(const struct module *module, struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

// Of one that is loaded in a child alone. One that crashes, or does not answer in time or before a
// person wants to stop, fails with SSA_ABSENT.
bool module_ask(const struct module_entry *entry, const struct ssa_callbacks *callbacks,
                struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

void module_seen_free(struct module_seen **seen);
#define SEEN_AUTO __attribute__((cleanup(module_seen_free))) struct module_seen

#endif
