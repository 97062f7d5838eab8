// ssa-hsm key enable KEY_ID
#include "cli/command/common.h"
#include "cli/key/key.h"

static bool key_enable(const struct invocation *i, struct ssa_error *err)
{
    return key_set_enabled(i, true, err);
}

const struct command command_key_enable = {
    .name = "key enable",
    .group = "Keys",
    .arguments = "KEY_ID",
    .help = "enable a key again at the API",
    .options = OPTIONS(&option_account, &option_json),
    .run = key_enable,
};
