// Making errors and putting them into words. The type itself is public: struct ssa_error in ssa-hsm.h.
//
// An error is made where the call failed and passed up untouched. Every function that can fail returns bool
// and takes the error last; the makers return false, so that `return error_set(...)` reads as what it does.
#ifndef SSA_CORE_ERROR_H
#define SSA_CORE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "ssa-hsm.h"

#define MUST_CHECK __attribute__((warn_unused_result))

// Fills err (which may be NULL). cause is the name the lower layer gives its failure ("CKR_PIN_INCORRECT",
// "CURLE_COULDNT_CONNECT", "HTTP 403", "ENOSPC"); subject is the token, URL or file; either may be NULL. The
// text may quote foreign bytes: whatever could steer a terminal is made harmless here. Returns false.
bool error_set(struct ssa_error *err, enum ssa_class class, const char *cause, const char *subject,
               const char *what, ...) __attribute__((format(printf, 5, 6)));

// Says what to do next. Returns false.
bool error_hint(struct ssa_error *err, const char *hint, ...) __attribute__((format(printf, 2, 3)));

// An error from errno, named ("EACCES") in cause. Returns false.
bool error_errno(struct ssa_error *err, enum ssa_class class, int number, const char *subject,
                 const char *what, ...) __attribute__((format(printf, 5, 6)));

#endif
