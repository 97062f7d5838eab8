// The descriptors that references to secrets name (fd:3), which a process was started with.
#pragma once

#include "config/settings.h"

enum { DESCRIPTORS_MAX = 64 };

struct descriptors {
    unsigned list[DESCRIPTORS_MAX];
    size_t count;
};

// Adds a descriptor. One that finds no room is left out.
void descriptors_add(struct descriptors *descriptors, int number);

// Adds those that the settings and their profiles name for a PIN or the client secret.
void descriptors_add_named(struct descriptors *descriptors, const struct ssa_settings *settings);

bool descriptors_have(const struct descriptors *descriptors, int number);

// Closes all but the standard ones and these.
void descriptors_close_others(const struct descriptors *kept);

// Closes what this process was started with, but for the standard ones and these: what it has opened itself is
// closed in programs that it starts (O_CLOEXEC), and so cannot have come that way.
void descriptors_close_inherited(const struct descriptors *kept);
