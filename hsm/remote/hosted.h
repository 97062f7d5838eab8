// A host, and what all connections to it have in common: its process, what its module prints, and why it ended. For
// this folder alone.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "hsm/host/protocol.h"
#include "hsm/remote/output.h"
#include "hsm/remote/process.h"

struct hosted {
    // Its descriptors, and that of the output, stay open until the last connection is gone: threads wait for them.
    struct helper process;
    atomic_ulong over; // CKR_OK while it lives, else why it does not

    pthread_mutex_t lock; // for all that follows
    unsigned connections;
    struct module_output output;
    int status; // of waitpid, after CKR_HOST_GONE; it and ended_in do not change once it is over
    enum call_number ended_in;
};

// Starts it, for one connection. NULL with err filled where that fails.
struct hosted *hosted_start(const struct hosting *hosting, struct ssa_error *err) MUST_CHECK;

// One more connection, and one less: the last one ends it.
struct hosted *hosted_join(struct hosted *h);
void hosted_leave(struct hosted **h);

// Ends it, whatever it does; the first reason counts. Returns when it has ended, also where another thread ends it.
void hosted_end(struct hosted *h, CK_RV why, enum call_number in, const struct ssa_callbacks *callbacks);

// Tells what was printed since. False at its end.
bool hosted_hear(struct hosted *h, const struct ssa_callbacks *callbacks);
