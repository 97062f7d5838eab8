// What an open token consists of. For hsm alone.
#ifndef SSA_HSM_TOKEN_HANDLE_H
#define SSA_HSM_TOKEN_HANDLE_H

#include "core/rsa_key.h"
#include "hsm/module/module.h"
#include "hsm/module/recipe.h"
#include "hsm/token/pin_giver.h"

// The key pair that a token made for one import: session objects.
struct transport {
    CK_OBJECT_HANDLE public_key, private_key; // 0 is none
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
};

enum { WHY_PLAIN_MAX = 512 };
#define THROWAWAY_NAME_MAX 64U

struct token {
    struct module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; // 0 (CK_INVALID_HANDLE) before session_open
    bool logged_in;            // by us
    CK_USER_TYPE who;          // where logged_in
    struct secret pin, so_pin;
    struct pin_giver giver;             // hears of each of the user's logins
    uint32_t slots_seen;                // bits of a card's slots that were found used, by whichever look
    CK_RV sign_begun;                   // what the last C_SignInit gave
    bool sign_lost;                     // it, or the C_Sign that followed, failed as when the token is lost
    bool own_login_failed;              // a key's own, for a signature: it may have spent a try
    bool rehearsed;                     // a rehearsal showed these two:
    unsigned left_out;                  // template_part: what this token does not know
    bool no_public_half;                // and that it takes no public key object
    char throwaway[THROWAWAY_NAME_MAX]; // id and label of what is there for a moment
    bool throwaway_left;                // something of it may be on the token
    struct transport transport;
    const struct wrap_scheme *wrap; // how a key comes in; NULL: plainly
    char why_plain[WHY_PLAIN_MAX];  // and why, where the token says that it unwraps keys
    struct token_info info;
    bool renamed; // it was found by its serial number; label and model were these:
    CK_UTF8CHAR was_called[32], was_model[16];
};

#endif
