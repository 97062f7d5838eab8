// Data objects on a token (PKCS#11 v2.40 section 4.5): a small secret beside the keys. The token is logged
// in.
//
// A URI names them by their label, which anybody may use. CKA_APPLICATION, here called the mark, tells whose
// object it is: a mark of this program has the program's name, and then the name of the operation that made
// the object.
#pragma once

#include "core/secret.h"
#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

struct token;

// Says whether the token takes a private data object, as far as it tells without a login. Fails with
// SSA_TOKEN.
bool data_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Appends the value of the data object that the URI names. Of several that all are ours, which an import that
// broke off leaves, it is the oldest's: what was there before is good until the new one has taken its place.
// *is_private: it cannot be seen without a login. *count: how many objects have the label. Fails with
// SSA_KEY_MISSING (none), SSA_CONFIG (several of several owners) or SSA_TOKEN.
bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private, size_t *count,
               struct ssa_error *err) MUST_CHECK;

// The marks of all that have the URI's label. Fails with SSA_TOKEN, or SSA_CONFIG (too many).
bool data_look(struct token *token, const struct uri *uri, struct data_marks *marks, struct ssa_error *err) MUST_CHECK;

// The mark of the one that the URI names. Fails with SSA_KEY_MISSING (none), SSA_CONFIG (several) or
// SSA_TOKEN.
bool data_look_at_one(struct token *token, const struct uri *uri, char mark[static DATA_MARK_MAX],
                      struct ssa_error *err) MUST_CHECK;
