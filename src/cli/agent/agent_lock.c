// ssa-hsm agent lock
#include "cli/agent/agent.h"
#include "cli/output/print.h"

static bool agent_lock(const struct invocation *i, struct ssa_error *err)
{
    char path[AGENT_PATH_MAX];
    const char *profile = option_value(i->arguments, &option_profile);
    if (!agent_own_socket(i->arguments, path, err) || !agent_post(path, "lock", profile, &i->run, err))
        return false;
    print_note("%s: locked. It has no access token and no login any more", path);
    return true;
}

const struct command command_agent_lock = {
    .name = "agent lock",
    .group = "Access tokens",
    .help = "let the agent forget its access tokens, and log out",
    .about =
        "The agent forgets its access tokens and logs out of its PKCS#11 tokens. From then on it hands out nothing "
        "until `ssa-hsm agent unlock`. With --profile, it locks only that profile.",
    .examples = EXAMPLES({"agent lock", "Locks all profiles of the agent."},
                         {"agent lock --profile work", "Locks one profile."}),
    .exit_codes = EXIT_CODES(EXIT_AGENT_SILENT),
    .reads_no_profile = true,
    .uses = USE_PROFILE | USE_SOCKET | USE_RUNNING,
    .options = OPTIONS(&option_socket),
    .run = agent_lock,
};
