#include "manage/key_reference.h"

#include <string.h>

#include "config/identity.h"
#include "core/text.h"

bool key_check_id(const char *key_id, struct ssa_error *err)
{
    return api_is_id(key_id) || error_set(err, SSA_USAGE, NULL, key_id, "is not a valid key id");
}

bool key_is_own(const struct ssa_run *run, const char *account, const char *key_id)
{
    struct identity own = {0};
    return identity_read(run->settings, false, &own, ERROR_IGNORED) && text_present(own.key_id) &&
           strcmp(own.account_id, account) == 0 && strcmp(own.key_id, key_id) == 0;
}
