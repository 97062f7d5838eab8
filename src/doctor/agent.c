// The agent: whether one runs, answers, is unlocked and has this program's version. A person can do without one, unless
// this host has no account of its own.
#include "core/text.h"
#include "doctor/examination.h"

static const char check[] = "agent";

static void compare_version(struct examination *x, const struct agent_seen *seen)
{
    struct ssa_error why = {0};
    // Another user's agent does not tell it.
    if (seen->profiles == 0 || strcmp(seen->version, SSA_HSM_VERSION) == 0)
        return;
    error_set(&why, SSA_UNEXPECTED, NULL, seen->place, "the agent is of version %s, and this program of %s",
              seen->version[0] != '\0' ? seen->version : "(not told)", SSA_HSM_VERSION);
    error_hint(&why, "Start it again.");
    finding_warning(&x->found, check, &why);
}

// One of several may fail: the next one is asked.
static void add(struct examination *x, const struct agent_seen *seen)
{
    compare_version(x, seen);
    if (!seen->well && x->agents.alone && agents_well(&x->agents) == 0)
        finding_failure(&x->found, check, &seen->why);
    else if (!seen->well)
        finding_warning(&x->found, check, &seen->why);
    else if (seen->profiles > 0)
        finding_ok(&x->found, check, seen->place, "answers, and is unlocked (profiles: %zu)", seen->profiles);
    else
        finding_ok(&x->found, check, seen->place, "answers, and has access tokens to give");
}

void check_agent(struct examination *x)
{
    const struct agents *agents = &x->agents;
    if (agents->off)
        finding_left_out(&x->found, check, SSA_REASON_NONE, NULL, "not examined: none is to be asked");
    else if (agents->why.code != SSA_OK)
        finding_warning(&x->found, check, &agents->why);
    else if (agents->count == 0)
        finding_left_out(&x->found, check, SSA_REASON_NONE, NULL, "not needed: no agent runs");
    for (size_t i = 0; i < agents->count; i++)
        add(x, &agents->list[i]);
}
