// Whether a program can be run, before anything is done for it.
#pragma once

// Looks for a program as execvp does. Returns the errno with which that would fail, as far as it can be known before:
// ENOENT or EACCES. Else returns 0.
int program_look_up(const char *program);
