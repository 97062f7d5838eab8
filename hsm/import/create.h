// A key's objects, created as the token's quirks say. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/import/plan.h"
#include "hsm/import/seal.h"
#include "hsm/key/key.h"

struct token;

// What becomes of a private key's object: parts is what of the template is used (enum template_part),
// on_token false makes a session object, which is gone with the session.
struct creation {
    const struct rsa_key *numbers; // of one that is sealed the public ones alone
    const struct sealed *sealed;   // for the plan's transport keys; NULL: it comes in plainly
    struct import_plan *plan;
    struct span id, label;
    unsigned parts;
    unsigned without; // of a rehearsal: parts that are not even tried
    bool on_token;
};
// Creates it, or unwraps it.
CK_RV key_put_private(struct token *token, const struct creation *creation, CK_OBJECT_HANDLE *object);
CK_RV key_create_public(struct token *token, const struct creation *creation, CK_OBJECT_HANDLE *object);
CK_RV key_create_certificate(struct token *token, struct span id, struct span subject, struct span der,
                             CK_OBJECT_HANDLE *object);

// Creates the private key's object. On failure key's handle stands for what may have been made.
bool key_create_private(struct token *token, const struct creation *creation, struct key *key,
                        struct ssa_error *err) MUST_CHECK;

// Fails with SSA_TOKEN: the token does not take the key's half that what names.
bool key_creation_refused(struct ssa_error *err, const struct token *token, CK_RV rv, const char *what);
