// Form bodies (application/x-www-form-urlencoded).
#pragma once

#include "core/secret.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

// Appends "name=value", escaped, with a "&" in front where something stands there already. False when it does
// not fit.
bool form_append(struct secret *form, const char *name, const char *value) MUST_CHECK;
