// Keys, at the API and on PKCS#11 tokens.
#pragma once

#include "program/time.h"
#include "ssa-hsm/signer.h"

// Whether the private half is on a PKCS#11 token. UNSEEN: a login would be needed to know it.
enum ssa_private_half { SSA_PRIVATE_UNSEEN, SSA_PRIVATE_THERE, SSA_PRIVATE_MISSING };

// A PKCS#11 token that has a key.
struct ssa_place {
    char label[33], serial[17]; // of the PKCS#11 token
    char slot[4];               // on a card with slots ("9a"); else empty
    char *uri;                  // the key's, ready to paste as PRIVATE_KEY; empty if it would be too long
    char modulus_sha256[65];    // in hex; the same on every PKCS#11 token that has the key
    enum ssa_private_half private_half;
};

// A key of an account: at the API, on PKCS#11 tokens here, or both.
struct ssa_key {
    char id[128];
    char account[128], email[256]; // the account's id and email; email is empty if it is not known
    bool at_api;                   // if false, the API does not know the key, and the next three are empty
    char status[32];               // ENABLED, DISABLED, or another word of the API
    struct ssa_time created, accessed;
    bool own;      // the settings name this key
    bool conflict; // PKCS#11 tokens have different keys under this id
    struct ssa_place *places;
    size_t place_count;
};

// The caller frees it with ssa_keys_free, which also accepts an empty one.
struct ssa_keys {
    struct ssa_key *list;
    size_t count;
};
void ssa_keys_free(struct ssa_keys *keys);

// Which keys to list.
struct ssa_keys_wanted {
    const char *account; // an id or email; NULL means the settings' own
    bool all;            // those of all accounts of the client id
    bool login;          // also looks for private halves, on the one PKCS#11 token that the settings name
};

// Lists the keys at the API together with those on PKCS#11 tokens. A key at the API and one on a PKCS#11 token are the
// same if they have the same KEY_ID. Keys on two PKCS#11 tokens are the same if they have the same modulus. The call
// looks, without a login, at all PKCS#11 tokens of the configured modules, or of the module that the settings name.
// Each module runs in a child process. If a module cannot be used, a callback receives that, and the call does not
// fail: as SSA_DETAIL where all keys were found without it, else as SSA_NOTICE. Keys that are only on a PKCS#11 token
// are listed if they name the account.
//
// With all, the call waits as the API's rate limit demands. A callback receives that (SSA_PROGRESS), and the waiting
// does not count for run->timeout. The API may not list the keys of an account that is not enabled. Such an account is
// left out, with a warning.
//
// Fails with SSA_CONFIG if no account is named and the settings have none, and with SSA_USAGE if all is set and an
// account is named. With login, it also fails as ssa_hsm_list does.
bool ssa_key_list(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, struct ssa_keys *keys,
                  struct ssa_error *err);

// Shows one key of the same list. Fails with SSA_REFUSED if neither the API nor a PKCS#11 token knows it.
bool ssa_key_show(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                  struct ssa_keys *found, struct ssa_error *err);

// Enables or disables a key at the API. *changed is as in ssa_account_enable.
bool ssa_key_enable(const struct ssa_run *run, const char *account, const char *key_id, bool enable, bool *changed,
                    struct ssa_error *err);

struct ssa_attribute {
    const char *name; // "CKA_SENSITIVE"; static
    bool known, value;
    bool wanted;  // the value that it should have
    bool decided; // this kind of PKCS#11 token decides the value, and it is not as wanted
};

// Whether the key signs by raw RSA (CKM_RSA_X_509). Such a signature over a ciphertext decrypts it, even if CKA_DECRYPT
// is false.
enum ssa_raw_rsa { SSA_RAW_RSA_UNKNOWN, SSA_RAW_RSA_REFUSED, SSA_RAW_RSA_POSSIBLE };

// The findings of ssa_key_verify.
struct ssa_verified {
    char key_id[128], account[128], email[256];
    char token[512]; // the URI of the PKCS#11 token
    char modulus_sha256[65];
    unsigned bits;
    size_t attribute_count; // 0 if they could not be read
    struct ssa_attribute attributes[16];
    bool signature; // the signature over the challenge was verified
    // The names in CKA_ALLOWED_MECHANISMS. If the PKCS#11 token does not tell them, or has none for this key, the key
    // may be used with any mechanism. They are not known if attribute_count is 0.
    bool mechanisms_known;
    size_t mechanism_count;
    char mechanisms[32][28];
    enum ssa_raw_rsa raw_rsa;
};

// Logs in to the PKCS#11 token of the settings' key, reads the key's attributes, lets the key sign a challenge, and
// verifies the signature with the public half. Sends nothing to the API. Fails with SSA_TOKEN if the key is not as it
// must be, and with SSA_KEY_MISSING, SSA_PIN or SSA_ABSENT. After a failure, *verified holds the findings until then.
bool ssa_key_verify(const struct ssa_run *run, struct ssa_verified *verified, struct ssa_error *err);

// What a record contains besides the facts of the PKCS#11 token.
struct ssa_evidence {
    const char *challenge; // the auditor's text, at most SSA_CHALLENGE_MAX bytes of UTF-8; NULL for none
    bool ask_api;          // adds the API's facts about the key: two requests, before the PIN is tried
};
#define SSA_CHALLENGE_MAX 512

// Does the same as ssa_key_verify, with a second signature, and writes a record as JSON. The record contains the
// findings, and everything that is known about PKCS#11 token, module, key and import. The caller frees *json. It is
// filled even after a failure if the attributes could be read. Its member "evidence" is a signature by the key over all
// other members. It is a JWS (RFC 7515) that cannot serve as an assertion. It is null if the key is not as it must be.
// Fails with SSA_USAGE for an invalid challenge, and as the calls of the API do.
bool ssa_key_evidence(const struct ssa_run *run, const struct ssa_evidence *wanted, struct ssa_verified *verified,
                      struct ssa_text *json, struct ssa_error *err);

// Deletes a key at the API. Uses no PKCS#11 token.
bool ssa_key_delete(const struct ssa_run *run, const char *account, const char *key_id, struct ssa_error *err);

// Destroys keys on PKCS#11 tokens that the API no longer knows, if the audit trail tells that they were made for this
// client id and server. Each key is destroyed only if yes is set or the person confirms. *found is the number of such
// keys, *destroyed the number of those that were destroyed. If that is less, the call fails with SSA_DECLINED, after
// it has asked for all of them.
bool ssa_key_prune(const struct ssa_run *run, bool yes, size_t *found, size_t *destroyed, struct ssa_error *err);
