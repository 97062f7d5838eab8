#include "agent/client/socket_path.h"

#include <stdlib.h>

#include "core/text.h"

static bool too_long(struct ssa_error *err)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, NULL,
                         "the path of the agent's socket is too long: it has at most %d bytes", AGENT_PATH_MAX - 1);
}

bool agent_is_elsewhere(void)
{
    char place[AGENT_PLACE_MAX];
    const char *rest = secure_getenv("SSA_HSM_AGENT");
    bool broker = false, local = rest == NULL || agent_place_is_none(rest);
    while (!local && (rest = agent_place_next(rest, place)) != NULL) {
        broker = broker || agent_place_is_broker(place);
        local = !agent_place_is_broker(place);
    }
    return broker && !local;
}

bool agent_usual_socket(char path[static AGENT_PATH_MAX], struct ssa_error *err)
{
    char place[AGENT_PLACE_MAX];
    const char *rest = secure_getenv("SSA_HSM_AGENT");
    while (rest != NULL && (rest = agent_place_next(rest, place)) != NULL) {
        if (place[0] == '/' || place[0] == '\0')
            return (place[0] == '/' && text_format(path, AGENT_PATH_MAX, "%s", place)) || too_long(err);
        if (strcmp(place, "none") != 0 && !agent_place_check(place, err))
            return false;
    }
    return agent_place_usual(path, err) || too_long(err);
}
