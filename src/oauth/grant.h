// Reading a grant: the answer with an access token (RFC 6749 section 5.1).
#ifndef SSA_OAUTH_GRANT_H
#define SSA_OAUTH_GRANT_H

#include "core/secret.h"

// token NULL: only checks that it is a grant. Fails with SSA_UNEXPECTED and, in err->what, a sentence on what
// is wrong with the answer; token is then empty.
bool answer_grant(struct span body, struct secret *token, struct ssa_error *err) MUST_CHECK;

#endif
