// Which tokens a module shows, and which keys are on them, as they are there: the look itself, at a module
// that is open in this process. For this folder alone.
#ifndef SSA_HSM_LOOK_H
#define SSA_HSM_LOOK_H

#include "core/rsa_key.h"
#include "hsm/certificate.h"
#include "hsm/pkcs11.h"

struct token_seen {
    CK_SLOT_ID slot;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token;
    bool unread; // its keys were asked for, and could not be searched for
};

// Of all tokens of a module: keys, public and private, and certificates.
#define KEYS_SEEN_MAX 32768U

// A public key, a certificate or a private key, as it is on the token.
struct key_raw {
    size_t token; // which of the module's
    bool is_private;
    uint8_t id[256];
    size_t id_len;
    char label[512];
    size_t label_len;
    char certified[CERTIFICATE_NAME_MAX]; // what a certificate of ours says, else empty
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
};

// What a module said of itself, and its tokens that were set up.
struct module_seen {
    CK_INFO about;
    size_t count;
    struct token_seen tokens[SLOTS_MAX];
    struct key_raw *keys; // of all its tokens, where they were asked for
    size_t key_count;
};

// The tokens. The caller frees *seen.
bool module_look(const struct module *module, struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

// Turns one of the tokens into what we keep. The URIs that name it are found out to name it alone among all
// that the module shows; where nothing tells it apart, info->apart.by is 0.
void seen_describe(const struct module_seen *seen, size_t at, struct token_info *info);

// How surely a URI names one of the tokens: not; by a serial number, though label or model are others; by all
// that it says.
enum match { MATCH_NONE, MATCH_BY_SERIAL, MATCH_EXACT };
enum match seen_match(const struct module_seen *seen, size_t at, const struct uri *uri);

// Adds what keys its tokens show without a login.
void module_look_at_keys(const struct module *module, struct module_seen *seen);

// Adds every RSA key of a class (CKO_PUBLIC_KEY, CKO_CERTIFICATE, CKO_PRIVATE_KEY) on a token with an open
// session, as the token number at. Fails with SSA_TOKEN where they cannot be searched for, or are too many to
// be looked at.
bool token_look_at_keys(struct token *token, CK_OBJECT_CLASS class, size_t at, struct module_seen *seen,
                        struct ssa_error *err) MUST_CHECK;

void module_seen_free(struct module_seen **seen);
#define SEEN_AUTO __attribute__((cleanup(module_seen_free))) struct module_seen

#endif
