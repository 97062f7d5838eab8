// Who has the other end of a Unix socket, as the kernel says: whoever connected, or called listen.
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

// On failure errno says why, and the peer is nobody.
static inline bool peer_of(int fd, struct ucred *peer)
{
    socklen_t len = sizeof *peer;
    *peer = (struct ucred){.uid = (uid_t)-1, .gid = (gid_t)-1};
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) == 0;
}
