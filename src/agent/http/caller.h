// Who asks.
#pragma once

#include "agent/cache/scope_set.h"
#include "agent/http/server.h"

enum rights {
    RIGHTS_NONE,   // nothing may be had
    RIGHTS_TOKENS, // access tokens within `scope`, and how the agent is
    RIGHTS_ALL     // the agent's own user, and root
};

enum { CALLER_EXECUTABLE_MAX = 512, CALLER_ADDRESS_BYTES = 16 };

struct caller {
    enum listener_kind kind;
    enum rights rights;
    size_t share;      // which share of the connections it takes part in (shares.h)
    const char *scope; // which it may ask for, normalised; NULL: all. Borrowed from the config
    bool has_peer;     // uid, pid and executable are known
    unsigned uid;
    int pid;
    char executable[CALLER_EXECUTABLE_MAX]; // as the process had it when it connected; empty: not known
    const char *name, *san;                 // of a caller of the facade or the broker; NULL on a Unix socket
    // Of a connection of the internet: whose host it is (of IPv6, the network), and the port that it came to.
    uint8_t address[CALLER_ADDRESS_BYTES];
    unsigned port;
};
