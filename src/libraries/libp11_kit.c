// libp11-kit on demand: a command that has no URI to read does without it. Besides, each symbol of the libraries that
// come later is looked up first in those that the program is linked with.
#include <p11-kit/uri.h>

#define CALLED       "libp11-kit"
#define LIBRARY_FILE LIBP11_KIT_FILE
#define FUNCTIONS    "libraries/libp11_kit.def"
#include "libraries/on_demand_functions.h"
