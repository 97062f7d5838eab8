// What an open token consists of. For hsm alone.
#pragma once

#include "hsm/module/module.h"
#include "hsm/module/quirks.h"
#include "hsm/token/pin_giver.h"

struct token {
    struct module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; // 0 (CK_INVALID_HANDLE) before session_open
    unsigned sessions;         // opened so far: a session's objects end with it (PKCS#11 v2.40 section 2.4)
    bool logged_in;            // by us
    CK_USER_TYPE who;          // where logged_in
    struct secret pin, so_pin;
    struct pin_giver giver; // hears of each of the user's logins
    uint32_t slots_seen;    // bits of a card's slots that were found used, by whichever look
    struct token_info info;
    bool renamed; // it was found by its serial number; label and model were these:
    CK_UTF8CHAR was_called[32], was_model[16];
};
