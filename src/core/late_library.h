// A library that is loaded when it is needed first: a program, most of whose runs do without it, does not pay for it.
#pragma once

#include <stdbool.h>

enum { LATE_LIBRARY_WHY_MAX = 256 };

struct late_library {
    const char *file;            // "libcurl.so.4"
    bool (*find)(void *library); // looks all its functions up, with late_library_find
    bool loaded;
    char why[LATE_LIBRARY_WHY_MAX]; // it was not; harmless text
};

// Loads it, and tells in `loaded` and `why` what came of it. To be called once, for instance by pthread_once.
void late_library_load(struct late_library *library);

// Looks a function up, and writes its address to *function. Returns whether it is there.
bool late_library_find(void *library, const char *name, void *function);
