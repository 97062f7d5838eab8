// ssa-hsm agent unlock
#include "cli/agent/agent.h"
#include "cli/output/print.h"

static bool unlock(const struct invocation *i, struct ssa_error *err)
{
    char path[AGENT_PATH_MAX];
    const char *profile = option_value(i->arguments, &option_profile);
    if (!agent_own_socket(i->arguments, path, err) || !agent_unlock(path, profile, &i->run, err))
        return false;
    print_note("%s: unlocked", path);
    return true;
}

const struct command command_agent_unlock = {
    .name = "agent unlock",
    .group = "Access tokens",
    .help = "log the agent in, and ask for the PIN where needed",
    .about = "Logs in to the PKCS#11 tokens of the agent's profiles. Where a person must give the PIN, it is asked for "
             "here, and goes to the process that signs: the agent itself never sees it. After a PIN that was wrong, "
             "this is also what allows another try: of a stored PIN only with --pin-retry, or if its file has "
             "changed. With --profile, it unlocks only that profile.",
    .examples = EXAMPLES({"agent unlock", "Unlocks all profiles of the agent."},
                         {"agent unlock --profile work", "Unlocks one profile."},
                         {"agent unlock --pin-retry", "A wrong PIN was stored, and is corrected now."}),
    .exit_codes = EXIT_CODES({"4", "no agent answers there, or a PKCS#11 module or token is not there"},
                             EXIT_LOGIN_FAILED, EXIT_AGENT_SILENT),
    .reads_no_profile = true,
    .uses = USE_PROFILE | USE_SOCKET | USE_RUNNING | USE_RETRY,
    .options = OPTIONS(&option_socket),
    .run = unlock,
};
