// Importing a key in encrypted form. It is encrypted for a key pair that the token makes for it, and decrypted inside
// the token. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/import/plan.h"
#include "hsm/import/seal.h"
#include "hsm/object/template.h"

// One way of unwrapping, in one step or in two.
struct wrap_scheme {
    CK_MECHANISM_TYPE whole; // unwraps both keys in one step; 0 where there are two
    CK_MECHANISM_TYPE key;   // the second step, after OAEP
    bool sha256;             // OAEP's digest; else SHA-1
    bool initial_value;      // the second step's parameter is the initial value of RFC 5649; else it has none
    const char *name;        // for people
};
extern const struct wrap_scheme wrap_schemes[];
extern const size_t wrap_scheme_count;

// Whether the token says that it has the mechanism for this use (CKF_UNWRAP).
bool wrap_offers(const struct token *token, CK_MECHANISM_TYPE type, CK_FLAGS use);

// Whether the token says that it has the scheme's mechanisms and makes RSA keys.
bool wrap_offered(const struct token *token, const struct wrap_scheme *scheme);

// Has the token make the plan's transport keys, as session objects, where there are none yet. Fails with SSA_TOKEN.
bool wrap_begin(struct token *token, struct import_plan *plan, struct ssa_error *err) MUST_CHECK;

// Encrypts the key for the transport keys, as the plan's scheme says. The caller frees *sealed.
bool wrap_seal(const struct import_plan *plan, const struct rsa_key *numbers, struct sealed *sealed,
               struct ssa_error *err) MUST_CHECK;

// Has the token unwrap the sealed key. t is the private key's template, with class and type first.
CK_RV wrap_open(struct token *token, struct import_plan *plan, const struct sealed *sealed, struct object_template *t,
                CK_OBJECT_HANDLE *object);

// Destroys the transport keys.
void wrap_end(struct token *token, struct import_plan *plan);
