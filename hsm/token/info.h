// What there is to know about a token before anybody logs in.
#pragma once

#include "hsm/uri/uri.h"

// What there is to know about a token before anybody logs in (PKCS#11 v2.40 section 3.2, CK_TOKEN_INFO).
struct quirks;

struct token_info {
    const struct quirks *quirks;                             // what is special about it
    struct token_name name;                                  // for URIs
    struct token_apart apart;                                // the same
    char label[33], serial[17], manufacturer[33], model[17]; // for people: harmless, without padding
    bool pin_count_low;                                      // after one wrong try, by anybody
    bool pin_final_try;
    bool pin_locked;
    bool pin_pad; // protected authentication path: the PIN is typed elsewhere
    bool pin_unset;
    bool login_required;
    bool write_protected;
    size_t pin_min, pin_max; // bytes; 0 where the token does not say
    unsigned firmware;       // its major version
    bool pin_low_at_once;    // its kind is known to set COUNT_LOW after the first wrong PIN
    unsigned pin_tries;      // it locks after so many wrong ones, whatever its flags show; 0 is unknown
    char uri[URI_TEXT_MAX];  // label and serial, for messages
};
