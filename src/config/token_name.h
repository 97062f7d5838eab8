// What SSA_HSM_TOKEN and --token say: a PKCS#11 URI, or a token's label.
#ifndef SSA_CONFIG_TOKEN_NAME_H
#define SSA_CONFIG_TOKEN_NAME_H

#include "hsm/uri/uri.h"

// Whether text can be either. Fails with SSA_CONFIG where it is empty or a path: such a value was meant for
// something else, and is not passed over.
bool token_name_check(const char *text, struct ssa_error *err) MUST_CHECK;

// Reads it; the caller frees *uri. Fails with SSA_CONFIG.
bool token_name_parse(const char *text, struct uri **uri, struct ssa_error *err) MUST_CHECK;

#endif
