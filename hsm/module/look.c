#include "hsm/module/look.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/remote/calls.h"

// Puts the slots that the module named in front, each once. A module may name fewer than the number it tells.
static CK_ULONG named_slots(CK_SLOT_ID slots[static SLOTS_MAX], CK_ULONG told)
{
    CK_ULONG count = 0;
    for (CK_ULONG i = 0; i < SLOTS_MAX && i < told; i++) {
        CK_ULONG at = 0;
        while (at < count && slots[at] != slots[i])
            at++;
        if (at == count && slots[i] != CK_UNAVAILABLE_INFORMATION)
            slots[count++] = slots[i];
    }
    return count;
}

static bool too_many_slots(const struct module *module, struct ssa_error *err)
{
    error_set(err, SSA_ABSENT, NULL, module->entry.path,
              "the PKCS#11 module has more slots with a token than are looked at");
    return error_hint(err, "At most %u are looked at.", SLOTS_MAX);
}

bool module_slots(const struct module *module, CK_SLOT_ID slots[static SLOTS_MAX], CK_ULONG *count,
                  struct ssa_error *err)
{
    CK_ULONG told = SLOTS_MAX;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        slots[i] = CK_UNAVAILABLE_INFORMATION;
    const CK_RV rv = call_get_slot_list(module->call, CK_TRUE, slots, &told);
    if (rv == CKR_BUFFER_TOO_SMALL)
        return too_many_slots(module, err);
    if (rv != CKR_OK)
        return module_refused(err, module, rv, "the PKCS#11 module does not list its slots");
    *count = named_slots(slots, told);
    return *count < SLOTS_MAX || told <= SLOTS_MAX || too_many_slots(module, err);
}

void module_seen_free(struct module_seen **seen)
{
    free(*seen);
    *seen = NULL;
}

// A slot that cannot be looked into counts as empty. A module that lacks the function for it is of no use.
static bool look_into(const struct module *module, CK_SLOT_ID slot, struct token_seen *token, struct ssa_error *err)
{
    struct remote *call = module->call;
    *token = (struct token_seen){.slot = slot};
    const CK_RV by_slot = call_get_slot_info(call, slot, &token->slot_info);
    const bool unasked = by_slot == CKR_FUNCTION_NOT_SUPPORTED;
    (void)remote_left_out(call);
    const CK_RV rv = call_get_token_info(call, slot, &token->token);
    const char *left_out = rv == CKR_FUNCTION_NOT_SUPPORTED ? remote_left_out(call) : NULL;
    if (left_out != NULL)
        return error_set(err, SSA_ABSENT, "CKR_FUNCTION_NOT_SUPPORTED", module->entry.path,
                         "the PKCS#11 module does not describe its tokens: it has no %s", left_out);
    if (rv != CKR_OK || (by_slot != CKR_OK && !unasked))
        token->token = (CK_TOKEN_INFO){0};
    if (by_slot != CKR_OK)
        token->slot_info = (CK_SLOT_INFO){0};
    return true;
}

bool module_look(const struct module *module, struct module_seen **seen, struct ssa_error *err)
{
    struct remote *call = module->call;
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = 0;
    if (!module_slots(module, slots, &count, err))
        return false;
    struct module_seen *made = calloc(1, sizeof *made + count * sizeof made->tokens[0]);
    if (made == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a module's tokens");
    (void)module_about(module, &made->about);
    for (CK_ULONG i = 0; i < count; i++) {
        struct token_seen *token = &made->tokens[made->count];
        if (!look_into(module, slots[i], token, err)) {
            free(made);
            return false;
        }
        made->count += (token->token.flags & CKF_TOKEN_INITIALIZED) != 0 ? 1 : 0;
    }
    // What was not told is not empty where nobody is there to tell it.
    if (remote_over(call) != CKR_OK) {
        free(made);
        return module_refused(err, module, remote_over(call), "the PKCS#11 module does not describe its tokens");
    }
    *seen = made;
    return true;
}
