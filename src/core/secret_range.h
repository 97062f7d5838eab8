// One range of protected memory that all buffers for secrets of a process are taken from. To map, protect and unmap
// each of them keeps other threads from mapping anything meanwhile, above all the one that loads libraries. A program
// asks for it. A library does not, since the whole range counts as locked memory of its process.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Takes buffers from a range from now on.
void secret_range_use(void);

// Gives so many bytes, a multiple of the page, all zero, and protected as secret.h says. NULL where there is no range
// (the program does not use one, or locking is refused), where it is full, and in a child process.
void *secret_range_take(size_t bytes);

// Takes back what has been wiped. False where it is not of the range.
bool secret_range_give(const void *memory, size_t bytes);
