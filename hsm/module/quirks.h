// How kinds of tokens differ. quirks.c has one row for each kind, with reasons. No other file knows a kind of token by
// name.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

enum import_as { IMPORT_AS_USER, IMPORT_AS_SO, IMPORT_NEVER };

// Attributes of a private key's template that not every token takes. The template always has class, type, id and the
// numbers e, p, q, dp, dq and qinv.
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
    PART_MECHANISMS = 1 << 11, // CKA_ALLOWED_MECHANISMS: without it raw RSA decrypts, whatever CKA_DECRYPT says
    PART_ALL = (1 << 12) - 1,
    // May be left out when a rehearsal shows that the token does not know it. It is read back in any case.
    PART_OPTIONAL =
        PART_NO_SIGN_RECOVER | PART_NO_DECRYPT | PART_NO_UNWRAP | PART_NO_DERIVE | PART_LABEL | PART_MECHANISMS
};

struct quirks {
    const char *name; // for messages
    // How it is known: by the beginnings of what the module says of itself and of the token's model and label. Behind a
    // remoting module, it is known by the token's own manufacturer and model. NULL matches anything; in a manufacturer,
    // it matches nothing.
    const char *module_manufacturer, *library, *token_manufacturer, *model, *label;
    bool token_too; // the module shows cards of many kinds: the token's manufacturer must match, too

    enum import_as import_as;
    const char *instead; // what to do where it takes no key
    unsigned parts;      // of the template
    bool unknown;        // nobody has measured it: where it refuses the public half, the key does without
    bool public_half;    // the public key is stored, too, as an object of its own

    // A card with slots: each holds one key, whose id is the slot's byte. Only the certificate in the slot tells which
    // key it is.
    bool slots;
    uint8_t witness;                 // the id of its maker's certificate: where that is not seen, the card was not read
    unsigned witness_since;          // the firmware (major version) that has it
    bool keeps_destroyed;            // C_DestroyObject says CKR_OK, and the key signs on: only another key removes it
    const char *removal;             // the command that removes a key that is left; %s is the slot
    const char *certificate_removal; // the command that removes a certificate whose key is gone
    bool no_data;                    // takes no private data objects
    bool label_changes; // the token's label comes from its certificate: a URI has the serial number instead
    bool wants_touch;   // a signature may wait for a finger

    size_t so_pin_hex;          // how many hex digits the SO PIN has; 0: it is any text
    const char *so_pin_name;    // what people call it
    const char *so_pin_factory; // its value when nobody has changed it
    const char *so_pin_refused; // what else a refusal may mean

    size_t pin_max;     // bytes that a PIN may have, where the token tells too many; 0: as it tells
    unsigned pin_tries; // after so many wrong PINs it locks, whatever its flags show; 0 is unknown
    const char *unlock; // how to unlock it; NULL: with its own tool
    bool low_at_once;   // the flag COUNT_LOW is set after the first wrong PIN
    bool one_at_a_time; // it signs for one after the other, so that its module is not called by several threads
    // Its module resets the card when a process ends, even while another process uses it. So our processes take turns,
    // each from opening to closing.
    bool resets_card;
    // The beginning of the maker's name of a module that writes the token's file anew at each login. The file is empty
    // for a moment: so the token is looked for again, and our processes take turns at logins.
    const char *rewritten_by;
};

// Whether the module resets cards. It can be asked before the module has touched one.
bool quirks_resets_card(const CK_INFO *module);

// Whether the module writes its tokens anew at each login.
bool quirks_rewrites(const CK_INFO *module);

// Whether a module reads cards through the PC/SC service, as far as the name of its file tells.
bool quirks_reads_cards(const char *path);

// Never NULL: an unknown token gets the strict quirks of the standard.
const struct quirks *quirks_for(const CK_INFO *module, const CK_TOKEN_INFO *token);
