// A connection to a host. For this folder alone.
#pragma once

#include "hsm/host/busy_wait.h"
#include "hsm/remote/exchange.h"
#include "hsm/remote/hosted.h"

enum { TOKEN_LABEL_MAX = 33 };

struct remote {
    const char *path;
    struct hosting hosting;
    const struct ssa_callbacks *callbacks;
    struct hosted *host;        // NULL before it is started
    struct ssa_error unstarted; // why it was not started, at the last try
    // While there is a host. The socket is the connection's own on a lane; all else is the host's.
    int socket, process, output;
    int passed; // goes to the host with the next request; -1: none
    bool is_lane;
    pthread_mutex_t lock;  // one call at a time
    struct secret message; // the request, then the answer
    enum call_number asked;
    struct busy_wait_caller busy_wait;
    const char *left_out; // the function that the module does not have, until that is told
    bool at_pad;          // the PIN of the call is typed at the token's reader
    bool deaf;            // to the person's wish to stop
    remote_waiting *waiting;
    void *waiting_context;
    char label[TOKEN_LABEL_MAX]; // of the token that the calls are about; empty before it is known
};

// Its calls go to that host.
void connection_to(struct remote *c, struct hosted *host, int socket);

void connection_end(struct remote *c, CK_RV why);
