#include "hsm/login/ready.h"

#include "hsm/object/find.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"

bool ready_slots(struct token *token, bool *read, struct ssa_error *err)
{
    const struct quirks *quirks = token->info.quirks;
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    *read = true;
    if (quirks->witness == 0 || token->info.firmware < quirks->witness_since)
        return true;
    if (!object_find(token, CKO_CERTIFICATE, span_of(&quirks->witness, 1), &found, err))
        return false;
    *read = found != CK_INVALID_HANDLE;
    return true;
}

bool ready_slots_must_be_read(struct token *token, struct ssa_error *err)
{
    bool read = false;
    if (!ready_slots(token, &read, err))
        return false;
    if (read)
        return true;
    error_set(err, SSA_TOKEN, NULL, token->info.uri,
              "the card cannot be read: not even its maker's certificate is seen, so no slot counts as free");
    error_hint(err, "Is another program using the card? Take it out, put it in again, and try again.");
    return error_reason(err, SSA_REASON_SLOTS_UNREAD, NULL);
}

enum { RESETS_MAX = 3 };

bool ready_make(struct token *token, bool writable)
{
    if (!token_is_there(token) && !token_reopen(token, writable))
        return false;
    for (unsigned resets = 0; resets < RESETS_MAX; resets++) {
        bool read = false;
        if (ready_slots(token, &read, ERROR_IGNORED) && read)
            return true;
        if (!token_reopen(token, writable))
            return false;
    }
    // A card that still seems unread may really lack what its maker usually puts there.
    return true;
}
