// The PKCS#11 token of the client secret, and for which token the PIN in the settings is.
#pragma once

#include "signer/open_token.h"

// Whether a command logs in to a token other than the client secret's.
enum other_token {
    OTHER_TOKEN_NONE,
    OTHER_TOKEN_PERHAPS,
    OTHER_TOKEN_OPEN // it is already open
};

// Finds the token that holds the client secret of uri, and prepares its PIN policy. The PIN source in the settings is
// for one token, and is not tried on another one on a guess: that fails with SSA_CONFIG. The URI's own pin-source is
// used. Does not log in, and does not change at->uri.
bool open_token_of_secret(const struct ssa_run *run, const struct uri *uri, enum other_token other,
                          struct open_token *at, struct ssa_error *err) MUST_CHECK;

// Finds the token that uri, which an earlier operation wrote down, names, and logs in with a session that may write.
// opened is another token, or it is not open. The PIN source in the settings is not tried on a guess here, either.
bool open_token_again(const struct ssa_run *run, const char *uri, const struct open_token *opened,
                      struct open_token *at, struct ssa_error *err) MUST_CHECK;

// The PIN source that the URI of an object on this token must name, where the one in the settings is for the key's
// token, which is another. NULL where the URI need not name one.
const char *open_token_pin_source(const struct ssa_run *run, const struct open_token *at);
