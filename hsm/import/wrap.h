// A key's way in that the token alone can look into: encrypted for a key pair which the token made for it,
// and unwrapped inside. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/import/plan.h"
#include "hsm/import/seal.h"
#include "hsm/object/template.h"

// One way of unwrapping, as wrap_schemes lists them.
struct wrap_scheme {
    CK_MECHANISM_TYPE whole; // unwraps both at once; 0 where there are two steps:
    CK_MECHANISM_TYPE key;   // OAEP, and then this
    bool sha256;             // OAEP's digest; else SHA-1
    bool initial_value;      // key's parameter is the initial value of RFC 5649; else it has no parameter
    const char *name;        // for people
};
extern const struct wrap_scheme wrap_schemes[];
extern const size_t wrap_scheme_count;

// Whether the token says that it has the scheme's mechanisms and makes RSA keys.
bool wrap_offered(const struct token *token, const struct wrap_scheme *scheme);

// Has the token make the plan's transport keys, as session objects, where it has none yet. Fails with
// SSA_TOKEN.
bool wrap_begin(struct token *token, struct import_plan *plan, struct ssa_error *err) MUST_CHECK;

// Encrypts the key for them as the plan's scheme says. The caller frees *sealed.
bool wrap_seal(const struct import_plan *plan, const struct rsa_key *numbers, struct sealed *sealed,
               struct ssa_error *err) MUST_CHECK;

// Has the token unwrap what was sealed, with a private key's template (class and type first) for what comes
// out.
CK_RV wrap_open(struct token *token, struct import_plan *plan, const struct sealed *sealed, struct object_template *t,
                CK_OBJECT_HANDLE *object);

// Destroys the transport keys.
void wrap_end(struct token *token, struct import_plan *plan);
