// What a module prints on standard output and standard error: told line by line. For this folder alone.
#pragma once

#include "core/secret.h"
#include "ssa-hsm.h"

struct module_output {
    int fd; // -1: there is none
    bool ended;
    struct secret line; // that has no end yet
};

bool module_output_new(struct module_output *o, struct ssa_error *err) MUST_CHECK;

// Tells what was printed since, without waiting. A line that is too long is told in pieces. False where nothing more
// will be told.
bool module_output_hear(struct module_output *o, const struct ssa_callbacks *callbacks);

// Does that for the last time, with a line that has no end. What is printed afterwards is not told.
void module_output_end(struct module_output *o, const struct ssa_callbacks *callbacks);

void module_output_free(struct module_output *o);
