#include "agent/http/peers.h"

#include <sys/socket.h>
#include <unistd.h>

#include "core/text.h"

void peers_init(struct peers *peers, const struct server_config *config)
{
    *peers = (struct peers){.own = geteuid(), .allowed = config->allowed, .allowed_count = config->allowed_count};
}

void peers_know(const struct peers *peers, unsigned uid, struct caller *caller)
{
    caller->rights = RIGHTS_ALL;
    caller->scope = NULL;
    if (uid == peers->own) {
        caller->share = SHARE_OWN;
        return;
    }
    // Root reads the agent's memory if it wants to: to refuse it would only seem to protect something.
    if (uid == 0) {
        caller->share = SHARE_ROOT;
        return;
    }
    for (size_t i = 0; i < peers->allowed_count; i++)
        if (peers->allowed[i].user == uid) {
            caller->rights = RIGHTS_TOKENS;
            caller->scope = peers->allowed[i].scope;
            caller->share = SHARE_ALLOWED + i;
            return;
        }
    caller->rights = RIGHTS_NONE;
    caller->scope = "";
    caller->share = SHARE_STRANGERS;
}

// For the audit alone: the process may have ended, and another one may have its number by now.
static void find_executable(struct caller *caller)
{
    char link[32], path[CALLER_EXECUTABLE_MAX];
    if (!text_format(link, sizeof link, "/proc/%d/exe", caller->pid))
        return;
    const ssize_t len = readlink(link, path, sizeof path);
    if (len > 0)
        text_harmless(caller->executable, sizeof caller->executable, span_of(path, (size_t)len));
}

bool peers_ask(const struct peers *peers, int fd, struct caller *caller)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    *caller = (struct caller){.kind = LISTENER_UNIX};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof peer)
        return false;
    caller->has_peer = true;
    caller->uid = peer.uid;
    caller->pid = peer.pid;
    peers_know(peers, peer.uid, caller);
    find_executable(caller);
    return true;
}
