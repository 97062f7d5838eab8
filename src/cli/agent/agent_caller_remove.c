// ssa-hsm agent caller remove
#include "cli/agent/caller.h"
#include "cli/command/command.h"
#include "cli/output/print.h"

static bool agent_caller_remove(const struct invocation *i, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    const char *name = i->arguments->words[0];
    if (!caller_path(path, err))
        return false;
    if (!callers_remove(path, name, err)) {
        if (err->code == SSA_USAGE)
            (void)error_hint(err, "`ssa-hsm agent caller list` shows those that there are.");
        return false;
    }
    print_note("%s: the caller %s is removed. An access token that it has is valid until its end", path, name);
    return true;
}

const struct command command_agent_caller_remove = {
    .name = "agent caller remove",
    .group = "Access tokens",
    .arguments = "CALLER",
    .help = "no longer let a caller ask",
    .about = "Removes a caller. A running agent refuses it from its next request on. An access token that it has is "
             "valid until its end.",
    .argument_help = ARGUMENTS({"CALLER", "the name of a caller"}),
    .examples = EXAMPLES({"agent caller remove postman", "Its id and secret no longer work."}),
    .reads_no_profile = true,
    .run = agent_caller_remove,
};
