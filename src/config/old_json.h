// An existing key as JSON: the API's answer to the creation of a key, as somebody has saved it.
#pragma once

#include "config/dotenv.h"

// Whether a text is a JSON object, and no dotenv text.
bool old_json_is(const struct secret *text);

// Shows the members of the object to visit as assignments. Those of the API get the names of settings (kid is KEY_ID);
// its members without any use for an import are left out. Values stay in text, which is changed. Fails with SSA_CONFIG
// where the text is not JSON, and as visit fails.
bool old_json_read(struct secret *text, const char *file, dotenv_visit *visit, void *context,
                   struct ssa_error *err) MUST_CHECK;
