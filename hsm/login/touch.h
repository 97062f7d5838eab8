// Telling a person that a signature waits for a finger. For hsm alone.
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct token;

struct touch {
    const struct token *token;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool started, done;
    bool told; // a person was asked for a touch; to be read after touch_end
};

#define TOUCH_HINT "Was it touched in time? Run it again, and touch the token when it blinks."

// Before a call that may wait for a touch: tells through the giver, from another thread, when it takes longer
// than a second. Does nothing on tokens that want no touch.
void touch_begin(struct touch *touch, const struct token *token);
// After it.
void touch_end(struct touch *touch);
