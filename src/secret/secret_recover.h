// Finishing or undoing an interrupted import or removal of a client secret.
#pragma once

#include "journal/journal.h"
#include "signer/open_token.h"

// Finishes or undoes one operation, on the PKCS#11 token that its entry names. Where that is not the opened token, it
// is opened. opened is a token where the user is logged in, or it is not open. Closes the entry, or leaves it open with
// err filled.
bool secret_recover(const struct ssa_run *run, struct journal *j, const struct open_token *opened,
                    struct ssa_error *err) MUST_CHECK;

// Does that with all operations on this data object, before another operation on it. *removed: one of them was a
// removal, and the secret is not there any more.
bool secret_recover_earlier(const struct ssa_run *run, struct token *token, const struct uri *uri, bool *removed,
                            struct ssa_error *err) MUST_CHECK;
