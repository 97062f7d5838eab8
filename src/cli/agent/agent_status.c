// ssa-hsm agent status
#include "cli/agent/agent.h"
#include "cli/output/print.h"
#include "core/json.h"

static bool agent_status(const struct invocation *i, struct ssa_error *err)
{
    char path[AGENT_PATH_MAX];
    struct agent_answer answer = {0};
    SECRET_AUTO text = {0};
    if (!agent_socket_path(i->arguments, path, err))
        return false;
    const bool done = agent_get(path, "status", &i->run, &answer, err) &&
                      secret_new(&text, 4 * answer.body.len + 4096, err) &&
                      json_indent(secret_span(&answer.body), &text, err) && print_result(secret_span(&text), err);
    agent_answer_free(&answer);
    return done;
}

const struct command command_agent_status = {
    .name = "agent status",
    .group = "Access tokens",
    .help = "show the agent's profiles and access tokens",
    .about = "Shows the profiles of a running agent, whether they are unlocked, and what is in its cache. The access "
             "tokens themselves are not shown.",
    .examples = EXAMPLES({"agent status", "Asks the agent at the usual socket."},
                         {"agent status --json", "The same for programs."}),
    .reads_no_profile = true,
    .uses = USE_AGENT,
    .options = OPTIONS(&option_socket, &option_json),
    .run = agent_status,
};
