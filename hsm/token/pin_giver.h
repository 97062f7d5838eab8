// Where a PIN comes from, and who hears whether it was right.
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

struct pin_giver {
    void *context;
    // Puts the PIN into pin (capacity PIN_MAX), or fails. It is called once for each login, after the token's flags
    // have shown that a PIN may be tried; on a token with a pad, pin is NULL.
    bool (*give)(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err);
    // Hears how a login ended.
    void (*outcome)(void *context, const struct token_info *info, enum pin_outcome outcome);
    // Hears, from another thread, that a signature takes long on a token that may want a touch; may be NULL.
    void (*waiting)(void *context, const struct token_info *info);
    // After a login that failed for another reason than the PIN, the token is opened anew. Then this decides by the
    // fresh flags in info whether the same PIN may be tried once more. outcome hears of that try, too. NULL: it may
    // not.
    bool (*again)(void *context, const struct token_info *info);
    // After a PIN that was refused, decides by the fresh flags in info whether another one is asked for. NULL: it is
    // not.
    bool (*retype)(void *context, const struct token_info *info);
    // Hears that the PIN is to be typed at the token's pad once more; may be NULL.
    void (*pad_again)(void *context, const struct token_info *info);
};
