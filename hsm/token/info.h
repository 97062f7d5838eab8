// The facts about a token that are known before anybody logs in (PKCS#11 v2.40 section 3.2, CK_TOKEN_INFO).
#pragma once

#include "hsm/uri/uri.h"

struct quirks;

struct token_info {
    const struct quirks *quirks; // what its kind does differently
    struct token_name name;      // for URIs, with apart
    struct token_apart apart;
    char label[33], serial[17], manufacturer[33], model[17]; // for people: harmless, without padding
    bool pin_count_low;                                      // somebody has tried a wrong PIN
    bool pin_final_try;
    bool pin_locked;
    bool pin_pad; // protected authentication path: the PIN is typed at the reader or the token
    bool pin_unset;
    bool login_required;
    bool write_protected;
    bool takes_no_key;       // no key can be imported into tokens of its kind
    size_t pin_min, pin_max; // bytes; 0 where the token does not say
    unsigned firmware;       // its major version
    bool pin_low_at_once;    // pin_count_low is known to be set after the first wrong PIN
    unsigned pin_tries;      // after so many wrong PINs it locks, whatever its flags show; 0 is unknown
    char uri[URI_TEXT_MAX];  // label and serial, for messages
};
