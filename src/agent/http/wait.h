// A request that waits for the service: its connection sleeps until the answer is there, or its caller hangs up.
#pragma once

#include "agent/http/connections.h"

struct wait;

#define WATCHED ((uint64_t)1 << 63) // is set in what epoll tells of a watched socket

// What a wait ends with.
struct result {
    struct outcome outcome; // of an access token; of others, the failure
    struct secret text;     // an assertion
};

// All waits of a server. It is freed when the server is done with it and the last answer has come, which may be later.
struct waits {
    pthread_mutex_t mutex;
    long open;   // how many wait_end calls are still to come
    bool closed; // the server is gone
    struct service *service;
    int epoll; // where hang-ups are told
};

// The service is that which is asked.
struct waits *waits_open(struct service *service, struct ssa_error *err) MUST_CHECK;
// Wakes all connections that sleep; they have no wait any more, and the service does not keep them in its line.
void waits_wake(struct waits *waits, struct connections *connections);
void waits_close(struct waits *waits);

// Makes the connection's wait ready, before the service is asked. NULL where there is no memory.
struct wait *wait_ready(struct waits *waits, struct connection *connection);

// Has the connection sleep. Returns false where the answer is there already.
bool wait_sleep(struct wait *wait) MUST_CHECK;

// The answer is there: may be called by any thread, once after each wait_ready that went on to wait_sleep. The result
// is taken over.
void wait_end(struct wait *wait, struct result *result);

// The caller of a socket that was watched has hung up (data.u64 of the event). Its connection is woken, as above.
void wait_hang_up(struct waits *waits, struct connections *connections, uint64_t watched);

// What the wait of a connection that was woken ended with. False where its caller has hung up.
bool wait_take(struct connection *connection, struct result *result) MUST_CHECK;

void result_free(struct result *result);
void wait_free(struct wait *wait);
