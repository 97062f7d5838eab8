// Making one call of the module for a request.
#pragma once

#include "hsm/host/protocol.h"

struct host {
    CK_FUNCTION_LIST *list; // the module's own; NULL before it is loaded
    bool locks;             // several threads may call it
    bool is_lane;           // it serves only the calls that a signature needs
    bool signed_at_once;    // the call was a signer's signature, after which others may follow
    bool finalised;         // the module was closed: there is nothing more to do
    bool lacks;             // the function that was asked for is not in it
    int passed;             // the descriptor that came with the request, and is closed after it; -1: none
    // Starts a thread that serves the connection that was passed; NULL: nothing can.
    CK_RV (*start_lane)(struct host *host);
    // What a call writes to before it is known how much of it goes out: numbers among it. So much of it is
    // wiped after the call.
    size_t used;
    _Alignas(CK_ULONG) uint8_t scratch[MESSAGE_MAX];
};

// Reads the request, makes the call and writes the answer, which is empty before and has room for MESSAGE_MAX
// bytes.
void host_serve(struct host *host, struct span request, struct writer *answer);
