// ssa-hsm secret remove
#include "cli/command/common.h"
#include "cli/output/print.h"

static bool secret_remove(const struct invocation *i, struct ssa_error *err)
{
    if (!ssa_secret_remove(&i->run, option_given(i->arguments, &option_yes), i->ending, err))
        return false;
    print_note(
        "APS_SECRET_ID still refers to the secret: set it to the secret itself, or to another place where it is");
    return true;
}

const struct command command_secret_remove = {
    .name = "secret remove",
    .group = "The client secret on a PKCS#11 token",
    .help = "destroy the client secret on the PKCS#11 token that APS_SECRET_ID names; asks before",
    .uses = USE_PROFILE | USE_CLIENT | USE_LOGIN | USE_SERVER,
    .options = OPTIONS(&option_yes),
    .run = secret_remove,
};
