// How often those of a share may do something within a time.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { SHARES_MAX = 96 };

struct pace {
    pthread_mutex_t mutex;
    long long period_ms;
    unsigned most;
    struct {
        long long begun_ms;
        unsigned count;
    } shares[SHARES_MAX];
};

void pace_open(struct pace *pace, unsigned most, long long period_ms);
void pace_close(struct pace *pace);

// Counts once more. False where that is too often; *wait_ms is what is left of the time then.
bool pace_allows(struct pace *pace, size_t share, long long now_ms, long long *wait_ms);
