// key show: one key of the list that key list shows.

#include "manage/account_reference.h"
#include "manage/key_list.h"
#include "manage/key_match.h"

// Frees all keys but the wanted one. False where it is not there.
static bool keep_only(struct ssa_keys *keys, const char *key_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct ssa_key key = keys->list[i];
        if (kept == 0 && strcmp(key.id, key_id) == 0)
            keys->list[kept++] = key;
        else
            key_free_places(&keys->list[i]);
    }
    keys->count = kept;
    return kept > 0;
}

bool ssa_key_show(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                  struct ssa_keys *found, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    *found = (struct ssa_keys){0};
    if (!key_check_id(key_id, err) || !key_list_about(run, wanted, key_id, found, err))
        return false;
    if (keep_only(found, key_id))
        return true;
    ssa_keys_free(found);
    return error_because(err, SSA_REFUSED, SSA_REASON_KEY_UNLISTED, key_id,
                         "neither the account nor a token here has such a key");
}
