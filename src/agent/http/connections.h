// The connections that are open, by the numbers of their sockets: who has how many, which are idle, and which are ended
// since nobody uses them. Those who answer requests note what they do without a lock.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "agent/http/caller.h"
#include "agent/http/pace.h"
#include "agent/http/request.h"
#include "core/monotonic.h"

enum {
    IDLE_MS = 60000,  // for so long a connection may wait for a request, or send one
    GREET_MS = 10000, // the same for the first one that comes by the internet, with what TLS needs; and for a body
    ANSWER_MS = 30000 // for so long a caller may leave its answer unread
};

enum stage {
    STAGE_IDLE,      // no request has been read to its end
    STAGE_READING,   // its body is being read
    STAGE_WORKING,   // one is being looked at
    STAGE_WAITING,   // one waits for the service
    STAGE_ANSWERING, // its answer is being sent
};

struct connection {
    int fd;
    unsigned long long number; // no other connection ever has it
    struct caller caller;
    struct request request;
    void *http;           // the connection of libmicrohttpd
    _Atomic(bool) served; // a request was read
    _Atomic(enum stage) stage;
    _Atomic(long long) since; // monotonic_ms of the stage
    ino_t inode;              // of the socket
    bool ending;              // it was told to end, and is not counted any more
    long long began_ns;       // when the request was read, by monotonic_ns
    // What others keep with it; NULL: nothing.
    struct wait *wait;     // wait.h
    struct guest *guest;   // guest.h: it is one of the facade or the broker, and has asked
    struct tls_files *tls; // tls.h
};

struct connections {
    pthread_mutex_t mutex;
    struct connection **by_fd;
    size_t numbers;               // sockets with a number below this one fit
    size_t share_max[SHARES_MAX]; // how many there may be
    size_t host_max[SHARES_MAX];  // of these, from one address; 0: no limit
    size_t share[SHARES_MAX];     // how many there are
    size_t ending[SHARES_MAX];    // how many were told to end, and are not closed yet
    size_t shares;
    void (*drop)(struct connection *connection); // frees what others keep with one; NULL: they keep nothing
    size_t total;                                // with those that are ending
    long long breathless_until;                  // by monotonic_ms: waiting for one that ends was of no use
    unsigned long long admitted, refused, shed;
};

// Whether so many shares, SHARES_MAX at most, can have connections at all. Raises the limit of descriptors as far as
// that needs it. Fails with SSA_UNEXPECTED.
bool connections_have_room(size_t shares, struct ssa_error *err) MUST_CHECK;

// Makes room for the shares, and raises the limit of descriptors (RLIMIT_NOFILE) to what is needed. Where it cannot be
// raised so far, all shares become smaller.
bool connections_open(struct connections *connections, const size_t *share_max, size_t shares,
                      struct ssa_error *err) MUST_CHECK;
void connections_close(struct connections *connections);

// Takes a new connection. Where the caller's share is used up, the one that was idle for longest, and has sent nothing
// that was not read, is ended for it. NULL where there is none, or there is no room.
struct connection *connections_admit(struct connections *connections, int fd, const struct caller *caller,
                                     long long now) MUST_CHECK;
struct connection *connections_at(struct connections *connections, int fd);
// Forgets one; its socket is closed afterwards.
void connections_leave(struct connections *connections, struct connection *connection);

// Ends what is idle, or leaves its answer unread, for too long. Returns how many connections there are.
size_t connections_sweep(struct connections *connections, long long now);

// How many there was no room for.
unsigned long long connections_refused(struct connections *connections);

// How many have a request that is not answered to its end.
size_t connections_busy(struct connections *connections);

static inline void connection_note(struct connection *connection, enum stage stage)
{
    atomic_store_explicit(&connection->since, monotonic_ms(), memory_order_relaxed);
    atomic_store_explicit(&connection->stage, stage, memory_order_relaxed);
}
