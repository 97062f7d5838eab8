// Standard output and standard error, past stdio: its buffer would keep what was printed.
#ifndef SSA_CLI_PRINT_H
#define SSA_CLI_PRINT_H

#include "core/error.h"
#include "core/span.h"

// Writes all of it to standard output. Fails with SSA_UNEXPECTED and the errno's name.
bool print_result(struct span text, struct ssa_error *err) MUST_CHECK;

// Has each of these pass through complete, which copies it to out.
void print_complete_by(void (*complete)(const char *text, char *out, size_t capacity));

// The program's words on standard error, "ssa-hsm: " before the first line and blanks before the others.
void print_note(const char *text, ...) __attribute__((format(printf, 1, 2)));
void print_error(const struct ssa_error *err);

// What became of what a command had made: a line each.
void print_ending(const struct ssa_ending *ending);

#endif
