// An open token's fields. For hsm alone.
#pragma once

#include "hsm/module/module.h"
#include "hsm/module/quirks.h"
#include "hsm/token/pin_giver.h"

struct token {
    struct module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; // 0 (CK_INVALID_HANDLE) before session_open
    unsigned sessions; // how many were opened so far: objects of earlier ones are gone (PKCS#11 v2.40 section 2.4)
    bool logged_in;    // by us
    CK_USER_TYPE who;  // where logged_in
    struct secret pin, so_pin;
    struct pin_giver giver; // is told of each of the user's logins
    uint32_t slots_seen;    // a bit for each of a card's slots that was ever found used
    struct token_info info;
    bool renamed; // it was found by its serial number: label and model in the URI are those in called
    CK_TOKEN_INFO called;
};
