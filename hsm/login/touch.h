// Telling a person that a signature waits for a finger. For hsm alone.
#pragma once

#include <stdbool.h>

struct token;

struct touch {
    const struct token *token;
    bool told; // a person was told to touch the token
};

#define TOUCH_HINT "Was it touched in time? Run it again, and touch the token when it blinks."

// These go around a call that may wait for a touch. When it takes longer than a second, the token's giver tells so.
// Nothing is done for tokens that want no touch.
void touch_begin(struct touch *touch, const struct token *token);
void touch_end(struct touch *touch);
