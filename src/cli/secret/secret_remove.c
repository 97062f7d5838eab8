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
    .group = "PKCS#11 tokens",
    .help = "destroy the client secret on the PKCS#11 token",
    .about = "Destroys the object with the client secret that APS_SECRET_ID names, after a question. "
             "The setting itself stays.",
    .examples = EXAMPLES({"secret remove", "Asks first."}, {"secret remove --yes", "Does not ask."}),
    .uses = USE_PROFILE | USE_CLIENT | USE_SECRET | USE_LOGIN | USE_SERVER | USE_JOURNAL,
    .options = OPTIONS(&option_yes),
    .run = secret_remove,
};
