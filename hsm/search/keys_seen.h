// Reading the keys on a module's tokens. For hsm alone.
#pragma once

#include "hsm/key/certificate.h"
#include "hsm/module/look.h"

struct token;

// The limit for all tokens of a module.
#define KEYS_SEEN_MAX 32768U

// A public key, a certificate or a private key, as it is on the token.
struct key_raw {
    size_t token; // which of the module's tokens has it
    bool is_private;
    uint8_t id[256];
    size_t id_len;
    char label[512];
    size_t label_len;
    char certified[CERTIFICATE_NAME_MAX]; // the names in a certificate of ours, else empty
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    bool told_better; // the same key is seen in another object, too, which is shown instead
};

struct keys_seen {
    struct key_raw *list;
    size_t count, room;
};
void keys_seen_free(struct keys_seen *keys);
#define KEYS_SEEN_AUTO __attribute__((cleanup(keys_seen_free))) struct keys_seen

// Says of which objects another one is shown: the one that tells more, or the first. False where there is no memory.
bool keys_seen_compare(struct keys_seen *keys) MUST_CHECK;

// Adds the keys that the tokens show without a login.
void module_look_at_keys(const struct module *module, struct module_seen *seen, struct keys_seen *keys);

// Adds the keys that a token shows without a login. Opens its session where it is not open.
bool token_look_at_public_keys(struct token *token, size_t at, struct keys_seen *keys,
                               struct ssa_error *err) MUST_CHECK;

// Adds every RSA key of a class (CKO_PUBLIC_KEY, CKO_CERTIFICATE, CKO_PRIVATE_KEY) on a token with an open session,
// which is the module's token number at. Fails with SSA_TOKEN where they cannot be searched for, or are too many.
bool token_look_at_keys(struct token *token, CK_OBJECT_CLASS class, size_t at, struct keys_seen *keys,
                        struct ssa_error *err) MUST_CHECK;
