// A library that is loaded when it is needed first: a program, most of whose runs do without it, does not pay for it.
#pragma once

#include <pthread.h>

#include "core/error.h"

enum { LATE_LIBRARY_WHY_MAX = 256 };

struct late_library {
    const char *name;            // for messages
    const char *file;            // "libcurl.so.4"
    const char *const *brings;   // files of what it brings, to be loaded before it; ends with NULL; NULL: none
    bool (*find)(void *library); // looks all its functions up, with late_library_find
    const char *(*begin)(void);  // what it needs before its first use: why that fails, or NULL; NULL: nothing
    pthread_mutex_t mutex;       // for what follows
    bool tried, ready;
    char why[LATE_LIBRARY_WHY_MAX]; // it is not; harmless text
};

// Loads it, once for all threads. Fails with SSA_UNEXPECTED.
bool late_library_ready(struct late_library *library, struct ssa_error *err) MUST_CHECK;

// Looks a function up, and writes its address to *function. Returns whether it is there.
bool late_library_find(void *library, const char *name, void *function);
