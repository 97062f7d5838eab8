#include "agent/link/pin_socket.h"
#include "cli/agent/agent.h"
#include "cli/terminal/terminal.h"
#include "core/text.h"

// One step a profile, and one more that finds nothing left to do.
enum { STEPS_MAX = AGENT_PROFILES_MAX + 1 };

bool agent_wants_person(const struct ssa_error *err)
{
    return err->reason == SSA_REASON_AGENT_LOCKED && err->detail[0] == '/';
}

// Each answer names the PIN socket of one profile that a person must unlock.
bool agent_unlock(const char *path, const char *profile, const struct ssa_run *run, struct ssa_error *err)
{
    char last[sizeof err->detail] = "";
    struct ssa_run later = *run;
    // The permission is for one try.
    later.pin_retry = false;
    for (size_t step = 0; step < STEPS_MAX; step++) {
        struct ssa_error locked = {0};
        if (agent_post(path, "unlock", profile, step == 0 ? run : &later, &locked))
            return true;
        if (!agent_wants_person(&locked) || strcmp(locked.detail, last) == 0 || !terminal_is_there()) {
            *err = locked;
            return false;
        }
        (void)text_format(last, sizeof last, "%s", locked.detail);
        if (!pin_socket_unlock(last, &run->callbacks, err))
            return false;
    }
    return error_set(err, SSA_UNEXPECTED, NULL, path, "the agent asks for more than it can have");
}
