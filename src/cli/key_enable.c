// ssa-hsm key enable KEY_ID
#include "cli/key.h"

bool command_key_enable(const struct invocation *i, struct ssa_error *err)
{
    return key_set_enabled(i, true, err);
}
