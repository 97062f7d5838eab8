// One connection of the host: requests are heard and answered.
#pragma once

#include "hsm/host/busy_wait.h"
#include "hsm/host/serve.h"

// Descriptors of the host have high numbers: a module that closes the first ones, as daemons do, or writes to them,
// does not meet them.
enum { PEER_LEAST = 200 };

struct talk {
    int peer;
    struct busy_wait_host busy_wait;
    // What carries PINs and keys: locked, left out of core dumps, and wiped after each call.
    _Alignas(CK_ULONG) uint8_t request[MESSAGE_MAX];
    uint8_t answer[MESSAGE_MAX];
    struct host host;
};

// It begins at a page.
void talk_protect(struct talk *t);

// Returns at the end: the module was closed, the program has closed its side, or there is nothing to talk through.
void talk_on(struct talk *t);
