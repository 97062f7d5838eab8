// Whether a program is there, before anything is done for it.
#pragma once

#include <stdbool.h>

// Looks for a program as execvp does. Whether it can be run is seen then.
bool program_is_there(const char *program);
