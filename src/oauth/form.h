// Form bodies (application/x-www-form-urlencoded).
#ifndef SSA_OAUTH_FORM_H
#define SSA_OAUTH_FORM_H

#include "core/secret.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

// Appends "name=value", escaped, with a "&" in front where something stands there already. False when it does
// not fit.
bool form_append(struct secret *form, const char *name, const char *value) MUST_CHECK;

#endif
