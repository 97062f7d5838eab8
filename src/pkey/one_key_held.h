// The keys that the module holds.
#pragma once

#include <p11-kit/pkcs11.h>

#include "pkey/one_key.h"

// The number is the slot's, the session's and the object's at the same time. It is never used again.
struct one_key {
    struct one_key *next;
    CK_ULONG number;
    struct ssa_signer *signer;
    uint8_t modulus[RSA_BYTES_MAX], exponent[RSA_BYTES_MAX];
    size_t modulus_len, exponent_len;
};

// Copies what is needed of it: it may be freed at any time. The caller drops the signer. False where there is none.
bool one_key_take(CK_ULONG number, struct one_key *copy) MUST_CHECK;

bool one_key_is_there(CK_ULONG number);

// The number of the key that this thread is shown; 0: none.
CK_ULONG one_key_shown(void);
