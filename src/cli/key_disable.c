// ssa-hsm key disable KEY_ID
#include "cli/key.h"

bool command_key_disable(const struct invocation *i, struct ssa_error *err)
{
    return key_set_enabled(i, false, err);
}
