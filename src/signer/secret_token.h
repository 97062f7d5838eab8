// The PKCS#11 token of the client secret, and whose PIN the settings hold.
#pragma once

#include "signer/open_token.h"

// Whether a command logs in to another token than the client secret's.
enum other_token {
    OTHER_TOKEN_NONE,
    OTHER_TOKEN_PERHAPS,
    OTHER_TOKEN_OPEN // it is open already
};

// Finds the token that holds the client secret of uri, and prepares its PIN policy. The PIN source in the
// settings is one token's. It is not tried on another on a guess (SSA_CONFIG); the URI's own pin-source is
// tried. Does not log in, and leaves at->uri alone.
bool open_token_of_secret(const struct ssa_run *run, const struct uri *uri, enum other_token other,
                          struct open_token *at, struct ssa_error *err) MUST_CHECK;

// Finds a token for the client secret as open_token_of_settings does, and checks that it takes private data
// objects. Does not log in.
bool open_token_for_secret(const struct ssa_run *run, struct open_token *at, struct ssa_error *err) MUST_CHECK;

// The PIN source that the URI of an object on the token must name: the one in the settings is of the key's
// token, which is another. NULL where it need not name one.
const char *open_token_pin_source(const struct ssa_run *run, const struct open_token *at);
