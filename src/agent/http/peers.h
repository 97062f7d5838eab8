// Callers on the Unix socket, whom the kernel tells, and how many connections each user may have.
#pragma once

#include "agent/http/caller.h"

// Shares of the connections: a user can fill its own and no other one.
enum {
    SHARE_OWN,       // the agent's own user
    SHARE_ROOT,      //
    SHARE_STRANGERS, // all users together who may not ask for anything
    SHARE_ALLOWED    // the first of the allow list, and so on
};
enum {
    SHARE_OWN_MAX = 2048, // connections at the same time; a thousand programs may wait for the same access token
    SHARE_USER_MAX = 64,  // of root, and of each user of the allow list
    SHARE_STRANGERS_MAX = 16
};

struct peers {
    unsigned own; // the user of this process
    const struct allowed_user *allowed;
    size_t allowed_count;
};

void peers_init(struct peers *peers, const struct server_config *config);

// The rights of a user.
void peers_know(const struct peers *peers, unsigned uid, struct caller *caller);

// Fills *caller for a connection of a Unix socket. False where the kernel does not tell who it is.
bool peers_ask(const struct peers *peers, int fd, struct caller *caller) MUST_CHECK;
