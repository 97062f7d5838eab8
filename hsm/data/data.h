// Data objects on a token (PKCS#11 v2.40 section 4.5): a small secret beside the keys. Somebody must be logged in.
//
// A URI names them by their label, which anybody may use. CKA_APPLICATION, here called the mark, tells whose object it
// is. A mark of this program has the program's name, and then the name of the operation that made the object.
#pragma once

#include "core/secret.h"
#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

struct token;

// Fails with SSA_TOKEN where the token takes no private data object, as far as it tells without a login.
bool data_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Appends the value of the data object that the URI names. An import that was broken off may leave several, all of them
// ours: then the oldest is read, since it is valid until the new one has replaced it. *is_private becomes whether it
// cannot be seen without a login, *count how many objects have the label. Fails with SSA_KEY_MISSING (none), SSA_CONFIG
// (several, not all of them ours) or SSA_TOKEN.
bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private, size_t *count,
               struct ssa_error *err) MUST_CHECK;

// Reads the marks of all objects with the URI's label. Fails with SSA_TOKEN, or with SSA_CONFIG (too many).
bool data_look(struct token *token, const struct uri *uri, struct data_marks *marks, struct ssa_error *err) MUST_CHECK;

// Reads the mark of the one object with the URI's label. Fails with SSA_KEY_MISSING (none), SSA_CONFIG (several) or
// SSA_TOKEN.
bool data_look_at_one(struct token *token, const struct uri *uri, char mark[static DATA_MARK_MAX],
                      struct ssa_error *err) MUST_CHECK;
