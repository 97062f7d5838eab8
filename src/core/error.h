// Making errors, and saying how an operation ended. The types are public: struct ssa_error and struct ssa_ending in
// ssa-hsm.h.
//
// An error is made where the call failed, and passed up unchanged. Every function that can fail returns bool and takes
// the error as its last argument, which is never NULL. The functions here return false, so that their caller can
// `return error_set(…)`.
#pragma once

#include "ssa-hsm.h"

#define MUST_CHECK __attribute__((warn_unused_result))

// For a function with large variables, which must not become part of its caller's stack frame.
#define OWN_FRAME __attribute__((noinline))

// Fills err. cause is the lower layer's name for its failure ("CKR_PIN_INCORRECT"), subject the PKCS#11 token, host or
// file. Both may be NULL. Texts may quote foreign bytes, which are made harmless to a terminal.
bool error_set(struct ssa_error *err, enum ssa_class class, const char *cause, const char *subject, const char *what,
               ...) __attribute__((format(printf, 5, 6)));

// The same with a reason for which the program has advice, and without a cause.
bool error_because(struct ssa_error *err, enum ssa_class class, enum ssa_reason reason, const char *subject,
                   const char *what, ...) __attribute__((format(printf, 5, 6)));

// Adds the reason, and in detail (NULL for nothing) a name for the advice about it. The program has the advice, which
// names commands, options and settings.
bool error_reason(struct ssa_error *err, enum ssa_reason reason, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

// Adds a number, and what kind of number it is.
bool error_number(struct ssa_error *err, enum ssa_domain domain, unsigned long number);

// The same, and makes the number's name the cause.
bool error_cause(struct ssa_error *err, enum ssa_domain domain, unsigned long number, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

// For a failure that does not matter. It lives as long as the block around it.
#define ERROR_IGNORED (&(struct ssa_error){.code = SSA_OK})

// For a public function, whose caller may pass NULL: err = ERROR_OR_IGNORED(err).
#define ERROR_OR_IGNORED(err) ((err) != NULL ? (err) : ERROR_IGNORED)

// Adds what to do next, without any name of a command, an option or a setting.
bool error_hint(struct ssa_error *err, const char *hint, ...) __attribute__((format(printf, 2, 3)));

// Adds a hint with a shell command that ends with a path: "`chmod go-w PATH`.". begin has the first backtick, and the
// second one stands before end.
bool error_hint_path(struct ssa_error *err, const char *begin, const char *path, const char *end);

// Fills err from an errno, whose words ("Permission denied") become the cause. Afterwards errno is this number.
bool error_errno(struct ssa_error *err, enum ssa_class class, int number, const char *subject, const char *what, ...)
    __attribute__((format(printf, 5, 6)));

// Writes the error without its hint, which would be a second line. ERROR_LINE_MAX bytes are always enough.
enum { ERROR_LINE_MAX = 2 * SSA_ERROR_TEXT_MAX };
const char *error_line(const struct ssa_error *err, char line[static ERROR_LINE_MAX]);

// Notes how the operation ended, and adds a sentence about something that was removed again or is left. SSA_END_LEFT
// stays once it was noted. ending may be NULL. The advice about reason may name subject and detail (NULL for nothing).
// Returns false.
bool ending_add(struct ssa_ending *ending, enum ssa_end how, enum ssa_reason reason, const char *subject,
                const char *detail, const char *text, ...) __attribute__((format(printf, 6, 7)));
