#include "hsm/import/throwaway.h"

#include "hsm/login/login_again.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum { THROWAWAYS_MAX = 32 };

static bool find(struct token *token, const char *name, CK_OBJECT_HANDLE found[static THROWAWAYS_MAX], CK_ULONG *count,
                 struct ssa_error *err)
{
    static const CK_BBOOL stays = CK_TRUE;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_TOKEN, &stays, sizeof stays), ATTRIBUTE(CKA_ID, name, strlen(name))};
    return object_find_some(token, template, COUNT(template), found, THROWAWAYS_MAX, count, err);
}

bool throwaway_destroy(struct token *token, const char *name, size_t *destroyed, struct ssa_error *err)
{
    CK_OBJECT_HANDLE found[THROWAWAYS_MAX];
    CK_ULONG count = 0, left = 0;
    CK_RV failed = CKR_OK;
    *destroyed = 0;
    // No object has an empty id.
    if (name[0] == '\0')
        return true;
    if (!login_as(token, CKU_USER, err) || !find(token, name, found, &count, err))
        return false;
    for (CK_ULONG i = 0; i < count; i++) {
        bool same = false;
        if (attribute_compare_label(token, found[i], span_text(name), &same) != CKR_OK || !same)
            continue;
        const CK_RV rv = call_destroy_object(token->module.call, token->session, found[i]);
        if (rv == CKR_OK)
            ++*destroyed;
        else
            failed = rv;
    }
    // One half may have gone with the other.
    if (count == 0 || (failed != CKR_OK && !find(token, name, found, &left, err)))
        return count == 0;
    return failed == CKR_OK || left == 0 ||
           token_fail(err, SSA_TOKEN, failed, token, "a throwaway key cannot be destroyed");
}

void throwaway_settle(struct token *token, struct import_plan *plan, bool on_token)
{
    size_t destroyed = 0;
    // A kind of token that was measured drops session objects at the session's end.
    const bool may_stay = on_token || token->info.quirks->unknown;
    if (plan->throwaway_left)
        plan->throwaway_left = !throwaway_destroy(token, plan->throwaway, &destroyed, ERROR_IGNORED) && may_stay;
}
