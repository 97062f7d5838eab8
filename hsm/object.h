// Objects on a token: found, created as the token's recipe says, destroyed. For this folder alone.
#ifndef SSA_HSM_OBJECT_H
#define SSA_HSM_OBJECT_H

#include "hsm/key.h"
#include "hsm/pkcs11.h"

// What becomes of a private key's object: parts is what of the template is used (enum template_part),
// on_token false makes a session object, which is gone with the session.
struct sealed;
struct creation {
    const struct rsa_key *numbers; // of one that is sealed the public ones alone
    const struct sealed *sealed;   // for the token's transport keys; NULL: it comes in plainly
    struct span id, label;
    unsigned parts;
    unsigned without; // of a rehearsal: parts that are not even tried
    bool on_token;
};
// Creates it, or unwraps it.
CK_RV object_put_private(struct token *token, const struct creation *creation, CK_OBJECT_HANDLE *object);
CK_RV object_create_public(struct token *token, const struct creation *creation, CK_OBJECT_HANDLE *object);
CK_RV object_create_certificate(struct token *token, struct span id, struct span subject, struct span der,
                                CK_OBJECT_HANDLE *object);

// Finds the one object of this class and id; CK_INVALID_HANDLE for none. Fails when the token cannot be
// searched.
bool object_find(struct token *token, CK_OBJECT_CLASS class, struct span id, CK_OBJECT_HANDLE *object,
                 struct ssa_error *err) MUST_CHECK;

// A throwaway RSA key of 2048 bits, made by OpenSSL: *numbers points into *der, which the caller frees.
bool throwaway_key(struct secret *der, struct rsa_key *numbers, struct ssa_error *err) MUST_CHECK;

// The key of rehearsals, which is no secret: *numbers points into *der, which the caller frees.
bool rehearsal_key(struct secret *der, struct rsa_key *numbers, struct ssa_error *err) MUST_CHECK;

// A key that is on no token yet: the public numbers alone.
bool key_of_numbers(const struct rsa_key *numbers, struct key *key, struct ssa_error *err) MUST_CHECK;

// Creates the private key's object. On failure key's handle stands for what may have been made.
bool create_private(struct token *token, const struct creation *creation, struct key *key,
                    struct ssa_error *err) MUST_CHECK;

// Whether a creation was refused before anything was written.
bool surely_not_made(CK_RV rv);

// Notes that something throwaway may be left, and takes away what is found.
void throwaway_settle(struct token *token, bool on_token);

// Fails with SSA_TOKEN: the token does not take the key's half that what names.
bool creation_refused(struct ssa_error *err, const struct token *token, CK_RV rv, const char *what);

// Signs a challenge and verifies it with the public half.
bool key_challenge(struct token *token, const struct key *key, struct ssa_error *err) MUST_CHECK;

// What key_prove asks of a key, but for a card's certificate; of a session object no CKA_TOKEN.
bool key_works(struct token *token, struct key *key, bool on_token, struct ssa_error *err) MUST_CHECK;

// A card's slot: the certificate that must follow an import at once, the one that the key signs itself, and
// the end of both.
bool card_import(struct token *token, const struct creation *creation, const struct key_name *name,
                 struct key *key, struct ssa_error *err) MUST_CHECK;
bool card_certify(struct token *token, const struct key_name *name, struct key *key,
                  struct ssa_error *err) MUST_CHECK;
bool card_destroy(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err);

#endif
