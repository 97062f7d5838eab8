// ssa-hsm key prune
#include "cli/command/common.h"
#include "cli/output/print.h"

static bool key_prune(const struct invocation *i, struct ssa_error *err)
{
    size_t found = 0, destroyed = 0;
    if (!ssa_key_prune(&i->run, option_given(i->arguments, &option_yes), &found, &destroyed, err))
        return false;
    if (found == 0)
        print_note("no PKCS#11 token here has a key that was created from here and is unknown to the API");
    return true;
}

const struct command command_key_prune = {
    .name = "key prune",
    .group = "Keys",
    .help = "destroy keys that the API no longer knows, on the PKCS#11 tokens here; asks before each",
    .options = OPTIONS(&option_yes),
    .run = key_prune,
};
