// Where a PIN comes from, and what became of it.
#pragma once

#include "core/secret.h"
#include "hsm/token/info.h"

#define PIN_MAX 256U

enum pin_outcome {
    PIN_ACCEPTED,
    PIN_REFUSED,   // a try was spent
    PIN_NOT_TRIED, // the token failed before it looked at the PIN
    PIN_UNKNOWN    // it failed, and does not say which
};

// Where a PIN comes from. give is asked once for each login, after the token's flags were found good for a
// try, and puts the PIN into pin (capacity PIN_MAX) or fails; on a token with a pad it is called with pin
// NULL. outcome hears what became of it.
struct pin_giver {
    void *context;
    bool (*give)(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err);
    void (*outcome)(void *context, const struct token_info *info, enum pin_outcome outcome);
    // Hears, from another thread, that a signature takes long on a token that may want a touch; may be NULL.
    void (*waiting)(void *context, const struct token_info *info);
    // After a login that did not tell about the PIN, once the token was opened anew: whether the same PIN may
    // be tried once more, by the fresh flags in info. NULL: it may not. outcome hears of that try, too.
    bool (*again)(void *context, const struct token_info *info);
    // Hears that the PIN is to be typed at the token's pad once more; may be NULL.
    void (*pad_again)(void *context, const struct token_info *info);
};
