#include "agent/client/place.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "core/text.h"

static const char separators[] = ", \t\r\n", https[] = "https://";

const char *agent_place_next(const char *list, char place[static AGENT_PLACE_MAX])
{
    list += strspn(list, separators);
    const size_t len = strcspn(list, separators);
    if (len == 0)
        return NULL;
    if (!text_format(place, AGENT_PLACE_MAX, "%.*s", (int)len, list))
        place[0] = '\0';
    return list + len;
}

bool agent_place_is_none(const char *list)
{
    char place[AGENT_PLACE_MAX];
    return agent_place_next(list, place) == NULL || strcmp(place, "none") == 0;
}

bool agent_place_is_broker(const char *place)
{
    return strncasecmp(place, https, sizeof https - 1) == 0;
}

bool agent_place_check(const char *place, struct ssa_error *err)
{
    if (place[0] == '/' || agent_place_is_broker(place))
        return true;
    if (place[0] == '\0')
        return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, NULL,
                             "the place of an agent has more than %d characters", AGENT_PLACE_MAX - 1);
    return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, place,
                         "is not the absolute path of a socket, nor the https:// address of another host's agent");
}

bool agent_place_usual(char path[static AGENT_SOCKET_MAX], struct ssa_error *err)
{
    const char *folder = secure_getenv("XDG_RUNTIME_DIR");
    const bool given = folder != NULL && folder[0] == '/';
    const bool fits = given ? text_format(path, AGENT_SOCKET_MAX, "%s/ssa-hsm/agent.sock", folder)
                            : text_format(path, AGENT_SOCKET_MAX, "/run/user/%u/ssa-hsm/agent.sock", geteuid());
    return fits || error_errno(err, SSA_CONFIG, ENAMETOOLONG, folder, "a socket's path has at most %d bytes",
                               AGENT_SOCKET_MAX - 1);
}
