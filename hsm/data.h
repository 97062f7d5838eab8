// Data objects on a token (PKCS#11 v2.40 section 4.5): a small secret beside the keys. The token is logged
// in.
#ifndef SSA_HSM_DATA_H
#define SSA_HSM_DATA_H

#include "hsm/token.h"

#define DATA_LABEL_MAX 256U

// The label that the URI of a data object names, made harmless for messages; empty where it names none.
void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX]);

// Whether the URI can be a data object's: it names one, and is not of another type. Fails with SSA_CONFIG;
// what says whose URI it is ("APS_SECRET_ID").
bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err) MUST_CHECK;

// Says whether the token takes a private data object, as far as it tells without a login. Fails with
// SSA_TOKEN.
bool data_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Appends the value of the one data object that the URI names. *is_private: not to be seen without a login.
// Fails with SSA_KEY_MISSING (none), SSA_CONFIG (several) or SSA_TOKEN.
bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private,
               struct ssa_error *err) MUST_CHECK;

// Stores value under label as a private object, reads it back and compares. What is there of that label is
// refused (SSA_CONFIG) or, with replace, destroyed once the new one is proved. On failure the token is as it
// was, unless *left says that what was made may still be there.
bool data_store(struct token *token, const char *label, struct span value, bool replace, bool *left,
                struct ssa_error *err) MUST_CHECK;

// Destroys the one data object that the URI names. Fails as data_read does.
bool data_destroy(struct token *token, const struct uri *uri, struct ssa_error *err) MUST_CHECK;

#endif
