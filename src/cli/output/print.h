// Standard output and standard error, without stdio: its buffer would keep what was printed.
#pragma once

#include "core/error.h"
#include "core/span.h"

// Writes all of it to standard output. Fails with SSA_UNEXPECTED and the errno in words.
bool print_result(struct span text, struct ssa_error *err) MUST_CHECK;

// From now on each text for standard error is replaced by what complete returns, which is freed then. Where that is
// NULL, the text is printed as it is.
void print_complete_by(char *(*complete)(const char *text));

// From now on, what is for standard error goes to this descriptor. Returns the one before.
int print_to(int descriptor);

// From now on, notes and notices are not printed; errors are.
void print_quietly(bool quietly);

// A line on standard error. "ssa-hsm: " stands before it, and blanks before the lines that follow.
void print_note(const char *text, ...) __attribute__((format(printf, 1, 2)));

// What a notice says, and the advice about its reason.
void print_notice(const char *before, const struct ssa_notice *notice);

// The error, and the advice about its reason.
void print_error(const struct ssa_error *err);

// What became of what a command had made, a line each.
void print_ending(const struct ssa_ending *ending);
