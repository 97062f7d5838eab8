// The name of a PKCS#11 token in the settings: a PKCS#11 URI, or the token's label.
#pragma once

#include "hsm/uri/uri.h"

// Fails with SSA_CONFIG where a text cannot be either: it is empty, or a path.
bool token_name_check(const char *text, struct ssa_error *err) MUST_CHECK;

// Reads it. The caller frees *uri. Fails with SSA_CONFIG.
bool token_name_parse(const char *text, struct uri **uri, struct ssa_error *err) MUST_CHECK;
