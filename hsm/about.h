// What is told of a token, its module and a key for the record: nothing that anything is decided by.
#ifndef SSA_HSM_ABOUT_H
#define SSA_HSM_ABOUT_H

#include "hsm/key.h"

#define VERSION_TEXT_MAX 8U
#define SHA256_TEXT_MAX  65U

struct token_about {
    char hardware[VERSION_TEXT_MAX], firmware[VERSION_TEXT_MAX]; // "5.4"; empty where it is not told
    // Of the module: the file that was loaded, its name at p11-kit, and what it says of itself (C_GetInfo).
    char path[MODULE_PATH_MAX], name[MODULE_NAME_MAX], description[33], manufacturer[33];
    char version[VERSION_TEXT_MAX], cryptoki[VERSION_TEXT_MAX];
    char sha256[SHA256_TEXT_MAX]; // of that file, in hex; empty where it cannot be read
};
void token_about(const struct token *token, struct token_about *about);

// Attributes that nothing is demanded of.
struct key_fact {
    const char *name; // "CKA_LOCAL"
    bool known, value;
};
enum { KEY_FACTS = 4 };
void key_facts(struct token *token, const struct key *key, struct key_fact out[static KEY_FACTS]);

// Which mechanisms a key may be used with, and whether one of them is raw RSA, which decrypts by signing.
enum raw_rsa { RAW_RSA_UNKNOWN, RAW_RSA_REFUSED, RAW_RSA_POSSIBLE };
enum { KEY_MECHANISMS_MAX = 32, MECHANISM_TEXT_MAX = 28 };
struct key_mechanisms {
    bool known; // CKA_ALLOWED_MECHANISMS is told; without it, or where it is empty, any mechanism may be used
    size_t count;
    char names[KEY_MECHANISMS_MAX][MECHANISM_TEXT_MAX]; // "CKM_RSA_PKCS", or a number
    enum raw_rsa raw;
};
// Signs nothing: raw RSA is begun in a session of its own, which ends it.
void key_mechanisms(struct token *token, const struct key *key, struct key_mechanisms *out);

// Signs as key_sign does, and verifies that with the public half: what leaves the house is to be right.
bool key_attest(struct token *token, const struct key *key, struct span message, struct secret *signature,
                struct ssa_error *err) MUST_CHECK;

#endif
