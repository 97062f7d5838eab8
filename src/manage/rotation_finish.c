// The story of a rotation's end: its old key, which served on, is retired.
#include "config/identity.h"
#include "core/text.h"
#include "manage/rotation_waiting.h"
#include "signer/api_client.h"

static bool none_waits(const char *account, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, account, "no rotation of this account waits to be finished here");
    return error_reason(err, SSA_REASON_NO_ROTATION_WAITS, NULL);
}

bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128], struct ssa_ending *ending,
                         struct ssa_error *err)
{
    struct identity identity;
    const char *client_id = NULL;
    err = ERROR_OR_IGNORED(err);
    if (!client_id_read(run, &client_id, err) || !identity_read(run->settings, true, &identity, err))
        return false;
    struct waiting w = {
        .run = run, .account = identity.account_id, .at_once = at_once, .retires = true, .ending = ending};
    if (!rotation_find_waiting(&w, err))
        return false;
    return (w.found || none_waits(identity.account_id, err)) &&
           (text_format(old_key_id, 128, "%s", w.old_kid) ||
            error_set(err, SSA_UNEXPECTED, NULL, w.old_kid, "the key's id is too long"));
}
