// Answers with access tokens, ready to be sent to any number of callers: each is good for the second in which it says
// how many are left, and is forgotten soon afterwards.
#pragma once

#include <pthread.h>

#include "agent/cache/access.h"
#include "agent/http/microhttpd.h"

enum { PREPARED_MAX = 64 };

struct prepared {
    pthread_mutex_t mutex;
    struct {
        struct access *access; // NULL: free
        long long until_ms;    // boot_ms at which another second is left
        struct MHD_Response *answer;
    } slots[PREPARED_MAX];
    size_t count;
};

void prepared_open(struct prepared *prepared);
void prepared_close(struct prepared *prepared);

// Queues the answer. Fails where the access token has ended, or there is no memory.
bool prepared_queue(struct prepared *prepared, struct access *access, long long now_ms,
                    struct MHD_Connection *connection) MUST_CHECK;

// Forgets all whose second is over; all of them where now_ms is LLONG_MAX. Returns how many are left.
size_t prepared_sweep(struct prepared *prepared, long long now_ms);
