// Callers on the Unix socket, as the kernel tells who they are, and how many connections each user may have.
#pragma once

#include "agent/http/caller.h"

// Shares of the connections: a user can fill its own and no other one.
enum {
    SHARE_OWN,       // the agent's own user
    SHARE_ROOT,      //
    SHARE_STRANGERS, // all users together who may not ask for anything
    SHARE_FACADE,    // all callers of the facade
    SHARE_BROKER,    // all callers of the broker
    SHARE_ALLOWED    // the first of the allow list, and so on
};
enum {
    SHARE_OWN_MAX = 2048, // connections at the same time; a thousand programs may wait for the same access token
    SHARE_USER_MAX = 64,  // of root, and of each user of the allow list
    SHARE_STRANGERS_MAX = 16,
    SHARE_FACADE_MAX = 256,
    SHARE_BROKER_MAX = 512,
    SHARE_ADDRESS_MAX = 64 // of these, from one host
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

// The same for a connection of the facade, which must come from this host to this host, and for one of the broker. Who
// asks is told by the request, or by the certificate.
bool peers_ask_facade(const struct peers *peers, int fd, struct caller *caller) MUST_CHECK;
bool peers_ask_broker(const struct peers *peers, int fd, struct caller *caller) MUST_CHECK;
