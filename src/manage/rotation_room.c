#include "manage/rotation_room.h"

#include "core/callback.h"
#include "core/text.h"
#include "manage/admin_client.h"

// Writes the ids of the other keys, for a message.
static void others_of(const struct aps_keys *keys, const char *current, char out[static SSA_ERROR_TEXT_MAX / 2])
{
    out[0] = '\0';
    for (size_t i = 0; i < keys->count; i++) {
        const size_t used = strlen(out);
        if (strcmp(keys->list[i].kid, current) != 0 &&
            !text_format(out + used, SSA_ERROR_TEXT_MAX / 2 - used, "%s%s", used > 0 ? " or " : "", keys->list[i].kid))
            out[used] = '\0';
    }
}

bool rotation_check_room(const struct aps_keys *keys, const char *current, const char *replace, struct ssa_error *err)
{
    char others[SSA_ERROR_TEXT_MAX / 2];
    if (replace != NULL && strcmp(replace, current) == 0)
        return error_set(err, SSA_USAGE, NULL, replace,
                         "this is the key that is rotated: it must work until the new one does");
    if (keys->count < APS_KEYS_ALLOWED)
        return true;
    others_of(keys, current, others);
    if (replace == NULL) {
        error_set(err, SSA_REFUSED, NULL, NULL, "the account has %zu keys, and may not have more", keys->count);
        return error_reason(err, SSA_REASON_NO_ROOM_FOR_KEY, "%s", others);
    }
    if (aps_key_in(keys, replace) != NULL)
        return true;
    error_set(err, SSA_USAGE, NULL, replace, "the account has no such key");
    return error_hint(err, "It has %s.", others);
}

static bool delete_key(const struct provision *p, const char *kid, struct ssa_error *err)
{
    const char *account = p->journal.entry->account;
    JOURNAL_AUTO audit = {.fd = -1};
    return audit_begin(&audit, p->open.run, OP_KEY_DELETE, account, kid, err) &&
           audit_end(&audit, aps_key_delete(p->open.client, account, kid, err), err);
}

static void take_out(struct aps_keys *keys, const char *kid)
{
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].kid, kid) != 0)
            keys->list[kept++] = keys->list[i];
    keys->count = kept;
}

bool rotation_make_room(const struct provision *p, const struct ssa_rotation *how, const char *current,
                        struct aps_keys *keys, struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &p->open.run->callbacks;
    if (!rotation_check_room(keys, current, how->replace, err))
        return false;
    if (keys->count < APS_KEYS_ALLOWED) {
        if (how->replace != NULL)
            tell(callbacks, SSA_NOTICE, "there is room for a new key, so %s was not deleted", how->replace);
        return true;
    }
    if (!how->output.yes &&
        !callback_confirms(callbacks, "Delete key %s at the API? Another host may have it on its token.", how->replace))
        return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, how->replace,
                             "not deleted: you did not confirm");
    if (!delete_key(p, how->replace, err))
        return false;
    tell(callbacks, SSA_NOTICE, "key %s was deleted at the API", how->replace);
    take_out(keys, how->replace);
    return true;
}
