// What tokens do differently, one row a kind of token, each with its reason. Nothing outside quirks.c knows a
// token by name.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

enum import_as { IMPORT_AS_USER, IMPORT_AS_SO, IMPORT_NEVER };

// Attributes of a private key's template that not every token takes. Class, type, id and the numbers e, p, q,
// dp, dq and qinv always stand in it.
enum template_part {
    PART_TOKEN = 1 << 0,
    PART_PRIVATE = 1 << 1,
    PART_SENSITIVE = 1 << 2,
    PART_NOT_EXTRACTABLE = 1 << 3,
    PART_SIGN = 1 << 4,
    PART_NO_SIGN_RECOVER = 1 << 5,
    PART_NO_DECRYPT = 1 << 6,
    PART_NO_UNWRAP = 1 << 7,
    PART_NO_DERIVE = 1 << 8,
    PART_LABEL = 1 << 9,
    PART_N_AND_D = 1 << 10,
    PART_MECHANISMS = 1 << 11, // CKA_ALLOWED_MECHANISMS: else raw RSA decrypts, whatever CKA_DECRYPT says
    PART_ALL = (1 << 12) - 1,
    // What may be left out when a rehearsal shows that the token does not know it: it is read back in any
    // case.
    PART_OPTIONAL =
        PART_NO_SIGN_RECOVER | PART_NO_DECRYPT | PART_NO_UNWRAP | PART_NO_DERIVE | PART_LABEL | PART_MECHANISMS
};

struct quirks {
    const char *name; // for messages
    // How it is known: by the beginning of what the module says of itself and its token's model, or, behind a
    // remoting module, by what the token says alone. NULL is anything, but for the two makers, where it is
    // nothing.
    const char *module_manufacturer, *library, *token_manufacturer, *model;
    const char *label; // and by the beginning of its label; NULL is any
    bool token_too;    // the module shows cards of many kinds: token_manufacturer counts beside what it says

    enum import_as import_as;
    const char *instead; // what to do where it takes no key
    unsigned parts;      // of the template
    bool unknown;        // nobody has measured it: where it refuses the public half, the key goes without
    bool public_half;    // the public key is an object of its own, which we store

    // A card with slots: a key's id is the slot's byte, one key fits into each, and which key it is stands in
    // the slot's certificate alone.
    bool slots;
    uint8_t witness;                 // the id of a certificate that its maker put there: unseen, the card was not read
    unsigned witness_since;          // the firmware (major version) that has it
    bool keeps_destroyed;            // C_DestroyObject says CKR_OK, and the key signs on: only another key removes it
    const char *removal;             // what a person does about a key that is left; %s is the slot
    const char *certificate_removal; // the same of the certificate beside one that is gone
    bool no_data;                    // takes no private data objects
    bool label_changes;              // the token's label is its certificate's: a URI goes by the serial number
    bool wants_touch;                // a signature may wait for a finger

    size_t so_pin_hex;          // the SO PIN is so many hex digits; 0: any text
    const char *so_pin_name;    // what people call it
    const char *so_pin_factory; // what it is when nobody has changed it
    const char *so_pin_refused; // what else a refusal may mean

    size_t pin_max;     // bytes that a PIN may have, where the token tells too many; 0: as it tells
    unsigned pin_tries; // it locks after so many wrong PINs, whatever its flags show; 0 is unknown
    bool low_at_once;   // COUNT_LOW is set after the first wrong PIN, so that it tells of an unanswered try
    // Its module resets the card when a process ends, also while another process uses it: our processes take
    // turns, each from opening to closing.
    bool resets_card;
    // The module, by the beginning of its maker's name, that writes the token's file anew at each login, so
    // that it is empty for a moment: the token is looked for again, and our processes take turns at logins.
    const char *rewritten_by;
    const char *unlock; // what helps then; NULL: its own tool
};

// Whether the module is one that resets cards, which it says before it has touched any.
bool quirks_resets_card(const CK_INFO *module);

// Whether it writes its tokens anew at each login.
bool quirks_rewrites(const CK_INFO *module);

// Never NULL: an unknown token gets the strict standard quirks.
const struct quirks *quirks_for(const CK_INFO *module, const CK_TOKEN_INFO *token);
