#include "agent/client/socket_path.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

static const char setting[] = "SSA_HSM_AGENT";

static bool refuse(const char *value, struct ssa_error *err)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, setting,
                         "names no Unix socket by a path of at most %d bytes that begins with a slash: \"%.64s\"",
                         AGENT_PATH_MAX - 1, value);
}

// The value is a list of paths, and of addresses of other hosts.
static bool read_setting(const char *value, char path[static AGENT_PATH_MAX], struct ssa_error *err)
{
    for (const char *item = value;;) {
        const size_t len = strcspn(item, ",");
        if (item[0] == '/')
            return text_format(path, AGENT_PATH_MAX, "%.*s", (int)len, item) || refuse(value, err);
        if (item[len] == '\0')
            return refuse(value, err);
        item += len + 1;
    }
}

bool agent_usual_socket(char path[static AGENT_PATH_MAX], struct ssa_error *err)
{
    struct stat about;
    const char *named = secure_getenv(setting);
    if (text_present(named))
        return read_setting(named, path, err);
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    if (text_present(runtime) && runtime[0] == '/' &&
        text_format(path, AGENT_PATH_MAX, "%s/ssa-hsm/agent.sock", runtime))
        return true;
    char folder[AGENT_PATH_MAX];
    if (text_format(folder, sizeof folder, "/run/user/%ju", (uintmax_t)geteuid()) && stat(folder, &about) == 0 &&
        about.st_uid == geteuid() && text_format(path, AGENT_PATH_MAX, "%s/ssa-hsm/agent.sock", folder))
        return true;
    return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, NULL,
                         "there is no folder for the agent's socket (XDG_RUNTIME_DIR)");
}
