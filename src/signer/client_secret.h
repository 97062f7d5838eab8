// The client secret: itself, a reference to it, a person's answer, or a data object on a token, which is
// known only after a login.
#ifndef SSA_SIGNER_CLIENT_SECRET_H
#define SSA_SIGNER_CLIENT_SECRET_H

#include "core/secret.h"
#include "hsm/token/token.h"
#include "pin/policy.h"

struct open_token;

struct client_secret {
    struct secret text; // empty before it is known
    bool literal;       // it came itself, and not a reference to it
    bool elsewhere;     // a token that is not its own was logged in to before
    struct uri *uri;    // of the data object; NULL where it is on no token
    struct open_token
        *keep; // becomes its token, left open for what follows, the caller's to close; NULL: it is closed
};
void client_secret_free(struct client_secret *secret);
#define CLIENT_SECRET_AUTO __attribute__((cleanup(client_secret_free))) struct client_secret

// Reads or asks for it, unless it is on a token: then *secret says where, and client_secret_complete reads
// it. *secret is zero but for keep.
bool client_secret_begin(const struct ssa_run *run, struct client_secret *secret,
                         struct ssa_error *err) MUST_CHECK;

// Whether it is still to be read from a token.
bool client_secret_is_late(const struct client_secret *secret);

// Reads it from a token: from the opened one, which is logged in to, where that is the one, else from its
// own, which is opened and logged in to for this alone. opened may be NULL; tries, too. Does nothing where it
// is known. Fails with SSA_CONFIG where the PIN would be a guess, see open_token_of_secret.
bool client_secret_complete(const struct ssa_run *run, struct client_secret *secret, struct token *opened,
                            struct pin_tries *tries, struct ssa_error *err) MUST_CHECK;

// Both: for what needs no other token.
bool client_secret_read(const struct ssa_run *run, struct client_secret *secret,
                        struct ssa_error *err) MUST_CHECK;

// Whether APS_SECRET_ID is a reference to a data object on a token.
bool client_secret_is_on_token(const struct ssa_settings *settings);

#endif
