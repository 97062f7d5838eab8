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
    bool told; // a person was told to touch the token; it is read after touch_end
};

#define TOUCH_HINT "Was it touched in time? Run it again, and touch the token when it blinks."

// These go around a call that may wait for a touch. When it takes longer than a second, another thread tells so through
// the token's giver. Nothing is done for tokens that want no touch.
void touch_begin(struct touch *touch, const struct token *token);
void touch_end(struct touch *touch);
