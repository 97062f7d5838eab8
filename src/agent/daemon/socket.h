// The agent's Unix socket in the file system.
#pragma once

#include <sys/types.h>

#include "agent/client/socket_path.h"

struct agent_socket {
    int fd; // listens; -1: there is none
    char path[AGENT_PATH_MAX];
    dev_t device; // of the file at path, so that another agent's is not removed
    ino_t inode;
};

// Makes the socket and listens. Its folder is made where it is missing: with mode 0700, or with 0711 where others may
// ask (shared); the socket then has mode 0666, else 0600. A socket that nobody listens on any more is replaced. Fails
// with SSA_IN_USE and SSA_REASON_AGENT_RUNS where somebody does, and with SSA_CONFIG where the folder is a link, or
// others could exchange what is in it.
bool agent_socket_open(const char *path, bool shared, const struct ssa_callbacks *callbacks, struct agent_socket *made,
                       struct ssa_error *err) MUST_CHECK;

// Removes the file, if it is still this one. Call it while the socket listens: then nobody takes it for a dead one.
void agent_socket_remove(const struct agent_socket *made);

// The folder that a path is in. folder has room for the path.
void agent_socket_folder(const char *path, char folder[static AGENT_PATH_MAX]);
