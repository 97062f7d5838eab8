// ssa-hsm secret remove
#include "cli/command/common.h"
#include "cli/output/print.h"

static bool secret_remove(const struct invocation *i, struct ssa_error *err)
{
    if (!ssa_secret_remove(&i->run, option_given(i->arguments, &option_yes), i->ending, err))
        return false;
    print_note("APS_SECRET_ID still refers to it: set it to the secret, or to another place where the secret is");
    return true;
}

const struct command command_secret_remove = {
    .name = "secret remove",
    .group = "The client secret on a PKCS#11 token",
    .help = "destroy the client secret that APS_SECRET_ID refers to",
    .options = OPTIONS(&option_yes),
    .run = secret_remove,
};
