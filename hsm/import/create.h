// Creating a key's objects as the token's quirks demand it. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/import/plan.h"
#include "hsm/import/seal.h"
#include "hsm/key/key.h"

struct token;

// The content of new objects.
struct creation {
    const struct rsa_key *numbers; // only the public ones where the key is sealed
    const struct sealed *sealed;   // for the plan's transport keys; NULL: the key comes in plainly
    struct import_plan *plan;
    struct span id, label;
    unsigned parts;   // of the template (enum template_part)
    unsigned without; // in a rehearsal: parts that are not even tried
    bool on_token;    // false: they are session objects, which end with the session
};

// The first creates or unwraps the private key.
CK_RV key_put_private(struct token *token, const struct creation *creation, CK_OBJECT_HANDLE *object);
CK_RV key_create_public(struct token *token, const struct creation *creation, CK_OBJECT_HANDLE *object);

// Creates the private key's object. On failure, key's handle stands for an object that may have been made.
bool key_create_private(struct token *token, const struct creation *creation, struct key *key,
                        struct ssa_error *err) MUST_CHECK;

// Makes the error that the token does not take a half of the key ("private", "public").
bool key_creation_refused(struct ssa_error *err, const struct token *token, CK_RV rv, const char *what);
