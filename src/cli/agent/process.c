#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/agent/agent.h"
#include "core/descriptor.h"
#include "core/peer.h"
#include "core/text.h"

enum { NAME_MAX_OF_PROCESS = 32 };

// The kernel's name of a process, which it has from its file.
static bool read_name(pid_t pid, char name[static NAME_MAX_OF_PROCESS])
{
    char path[64];
    if (!text_format(path, sizeof path, "/proc/%ld/comm", (long)pid))
        return false;
    DESCRIPTOR_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? -1 : read(fd, name, NAME_MAX_OF_PROCESS - 1);
    name[len > 0 ? len : 0] = '\0';
    return len > 0;
}

// Where a service manager has made the socket, the number is the manager's: that is not to be ended.
static bool is_agent(pid_t pid)
{
    char own[NAME_MAX_OF_PROCESS], its[NAME_MAX_OF_PROCESS];
    return read_name(getpid(), own) && read_name(pid, its) && strcmp(own, its) == 0;
}

static bool connect_to(const char *path, int *kept, struct ssa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_format(address.sun_path, sizeof address.sun_path, "%s", path))
        return error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, path, "is too long for a socket");
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, path, "no socket can be made");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        error_errno(err, SSA_ABSENT, errno, path, "no agent answers there");
        return error_reason(err, SSA_REASON_AGENT_GONE, "%s", path);
    }
    *kept = descriptor_keep(&fd);
    return true;
}

bool agent_process(const char *path, pid_t *pid, struct ssa_error *err)
{
    struct ucred peer;
    DESCRIPTOR_AUTO fd = -1;
    if (!connect_to(path, &fd, err))
        return false;
    if (!peer_of(fd, &peer))
        return error_errno(err, SSA_UNEXPECTED, errno, path, "it is not known which process listens there");
    const bool ours = peer.uid == geteuid(), is_one = peer.pid > 1 && is_agent(peer.pid);
    if (ours && is_one) {
        *pid = peer.pid;
        return true;
    }
    if (!ours && (is_one || peer.uid != 0))
        return error_set(err, SSA_REFUSED, NULL, path, "the agent that listens there is another user's");
    return error_because(err, SSA_REFUSED, SSA_REASON_AGENT_MANAGED, path,
                         "a service manager holds this socket, and would start the agent again");
}
