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

// Says which reason it is, and in detail (NULL for nothing) what advice about it must name. What names a
// command, an option or a setting of the program is said by the program alone. Returns false.
bool error_reason(struct ssa_error *err, enum ssa_reason reason, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

// Notes whose number it is. Returns false.
bool error_number(struct ssa_error *err, enum ssa_domain domain, unsigned long number);

// The same, with the name that the number has there, which becomes the cause. Returns false.
bool error_cause(struct ssa_error *err, enum ssa_domain domain, unsigned long number, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

// For a failure that nobody looks at.
#define ERROR_IGNORED (&(struct ssa_error){.code = SSA_OK})

// For a public function, whose caller may pass NULL: err = ERROR_OR_IGNORED(err).
#define ERROR_OR_IGNORED(err) ((err) != NULL ? (err) : ERROR_IGNORED)

// Says what to do next, in words that fit every program. Returns false.
bool error_hint(struct ssa_error *err, const char *hint, ...) __attribute__((format(printf, 2, 3)));

// An error from errno, in words ("Permission denied") in cause. Returns false.
bool error_errno(struct ssa_error *err, enum ssa_class class, int number, const char *subject,
                 const char *what, ...) __attribute__((format(printf, 5, 6)));

#endif
