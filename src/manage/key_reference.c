// Which key a command is about.
#include "manage/key_reference.h"

#include <string.h>

#include "config/identity.h"
#include "core/text.h"

bool key_check_id(const char *key_id, struct ssa_error *err)
{
    return aps_is_id(key_id) || error_set(err, SSA_USAGE, NULL, key_id, "is not a valid key id");
}

const struct aps_key *key_in(const struct aps_keys *keys, const char *key_id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].kid, key_id) == 0)
            return &keys->list[i];
    return NULL;
}

bool key_is_own(const struct ssa_run *run, const char *account, const char *key_id)
{
    struct identity own = {0};
    return identity_read(run->settings, false, &own, ERROR_IGNORED) && text_present(own.key_id) &&
           strcmp(own.account_id, account) == 0 && strcmp(own.key_id, key_id) == 0;
}
