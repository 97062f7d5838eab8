// Finishing or undoing an import or a removal of a client secret that was interrupted.
#pragma once

#include "journal/journal.h"
#include "signer/open_token.h"

// Finishes or undoes one, on the PKCS#11 token that its entry names: on the opened one, which is logged in
// to, where that is it, else it is opened and logged in to for this. opened may be NULL. The entry is closed,
// or stays as it is with err filled.
bool secret_recover(const struct ssa_run *run, struct journal *j, const struct open_token *opened,
                    struct ssa_error *err) MUST_CHECK;

// Does so with all that are about this one data object, before another operation on it. *removed: one of them
// was a removal, and the secret is gone.
bool secret_recover_earlier(const struct ssa_run *run, struct token *token, const struct uri *uri, bool *removed,
                            struct ssa_error *err) MUST_CHECK;
