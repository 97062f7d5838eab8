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
    .group = "Looking after",
    .help = "destroy keys on tokens that the API no longer knows",
    .about = "Destroys keys on the PKCS#11 tokens here that the API no longer knows, if the audit "
             "trail tells that they were created from here. Asks before each one.",
    .examples = EXAMPLES({"key prune", "Asks before each key."}, {"key prune --yes", "Does not ask."}),
    .uses = USE_API | USE_TOKEN | USE_OFFICER,
    .options = OPTIONS(&option_yes),
    .run = key_prune,
};
