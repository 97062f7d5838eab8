// Finding objects by a template.
#include "hsm/pkcs11.h"

bool find_objects(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *found,
                  CK_ULONG max, CK_ULONG *count, struct ssa_error *err)
{
    CK_FUNCTION_LIST *call = token->module.call;
    CK_RV rv = call->C_FindObjectsInit(token->session, template, attributes);
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "objects cannot be searched for");
    // A module may hand them out in several portions (PKCS#11 v2.40 section 5.7, C_FindObjects).
    *count = 0;
    CK_ULONG portion = 0;
    do {
        rv = call->C_FindObjects(token->session, found + *count, max - *count, &portion);
        if (rv == CKR_OK)
            *count += portion;
    } while (rv == CKR_OK && portion > 0 && *count < max);
    const CK_RV ended = call->C_FindObjectsFinal(token->session);
    if (rv == CKR_OK)
        rv = ended;
    return rv == CKR_OK || ckr_fail(err, SSA_TOKEN, rv, token, "objects cannot be searched for");
}
