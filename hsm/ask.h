// Which tokens a module shows: asked in this process, or in a child that may crash, hang and print in its
// stead. For this folder alone.
#ifndef SSA_HSM_ASK_H
#define SSA_HSM_ASK_H

#include "core/rsa_key.h"
#include "hsm/certificate.h"
#include "hsm/pkcs11.h"

struct token_seen {
    CK_SLOT_ID slot;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token;
    bool unread; // its keys were asked for, and could not be searched for
};

#define KEYS_SEEN_MAX 4096U

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

// Of a module that is open here. The caller frees *seen.
bool module_look(const struct module *module, struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

// Adds what keys its tokens show without a login.
void module_look_at_keys(const struct module *module, struct module_seen *seen);

// Of one that is loaded in a child alone, with its tokens' keys where those are wanted. One that crashes, or
// does not answer in time or before a person wants to stop, fails with SSA_ABSENT.
bool module_ask(const struct module_entry *entry, bool keys, const struct ssa_callbacks *callbacks,
                struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

void module_seen_free(struct module_seen **seen);
#define SEEN_AUTO __attribute__((cleanup(module_seen_free))) struct module_seen

#endif
