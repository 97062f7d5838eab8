// ssa-hsm key disable KEY_ID
#include "cli/command/common.h"
#include "cli/key/key.h"

static bool key_disable(const struct invocation *i, struct ssa_error *err)
{
    return key_set_enabled(i, false, err);
}

const struct command command_key_disable = {
    .name = "key disable",
    .group = "Keys",
    .arguments = "KEY_ID",
    .help = "disable a key at the API: it gets no access tokens",
    .options = OPTIONS(&option_account, &option_json),
    .run = key_disable,
};
