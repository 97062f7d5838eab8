// How an operation ended that changes something in several steps.
#pragma once

#include "ssa-hsm/error.h"

enum ssa_end {
    SSA_END_PLAIN,  // the operation did everything, or changed nothing
    SSA_END_UNDONE, // it failed, and removed everything that it had made (exit code 12)
    SSA_END_LEFT,   // something that it made is left, or may be left (exit code 13)
};

#define SSA_ENDING_LINES 4

// A function that changes something in several steps fills this beside the error. The caller may pass NULL. Each line
// is a sentence about something that was removed again or is left. It has a reason, subject and detail as an error has.
struct ssa_ending {
    enum ssa_end how;
    size_t count; // of lines
    struct ssa_ending_line {
        enum ssa_reason reason;
        char text[384];
        char subject[128];
        char detail[1024];
    } lines[SSA_ENDING_LINES];
};
