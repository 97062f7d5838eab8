// Facts about a key for the record. No value is demanded.
#pragma once

#include "hsm/key/key.h"

struct token;

struct key_fact {
    const char *name; // "CKA_LOCAL"
    bool known, value;
};
enum { KEY_FACTS = 4 };
void key_facts(struct token *token, const struct key *key, struct key_fact out[static KEY_FACTS]);

// The mechanisms that a key may be used with, and whether raw RSA is one of them: a raw RSA signature decrypts.
enum raw_rsa { RAW_RSA_UNKNOWN, RAW_RSA_REFUSED, RAW_RSA_POSSIBLE };
enum { KEY_MECHANISMS_MAX = 32, MECHANISM_TEXT_MAX = 28 };
struct key_mechanisms {
    bool known; // CKA_ALLOWED_MECHANISMS is told; where it is not, or is empty, any mechanism may be used
    size_t count;
    char names[KEY_MECHANISMS_MAX][MECHANISM_TEXT_MAX]; // "CKM_RSA_PKCS", or a number
    enum raw_rsa raw;
};

// Nothing is signed: raw RSA is only begun, in a separate session.
void key_mechanisms(struct token *token, const struct key *key, struct key_mechanisms *out);
