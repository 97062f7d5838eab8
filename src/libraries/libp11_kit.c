// libp11-kit on demand (on_demand.h): a command that has no URI to read does without it. Besides, each symbol of the
// libraries that come later is looked up first in those that the program is linked with.
#include <p11-kit/uri.h>
#include <pthread.h>

#include "libraries/on_demand.h"

#define CALLED "libp11-kit"

// The real functions, under their own names.
static struct {
#define FUNCTION(type, name, parameters, arguments) ON_DEMAND_FIELD(name)
#define PROCEDURE(name, parameters, arguments)      ON_DEMAND_FIELD(name)
#include "libraries/libp11_kit.def"
#undef FUNCTION
#undef PROCEDURE
} libp11_kit;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = on_demand_load(CALLED, LIBP11_KIT_FILE);
#define FUNCTION(type, name, parameters, arguments) on_demand_find(library, CALLED, #name, &libp11_kit.name);
#define PROCEDURE(name, parameters, arguments)      on_demand_find(library, CALLED, #name, &libp11_kit.name);
#include "libraries/libp11_kit.def"
#undef FUNCTION
#undef PROCEDURE
}

static void ready(void)
{
    // It fails only for a control that was not initialized.
    (void)pthread_once(&once, load);
}

#define FUNCTION(type, name, parameters, arguments)                                                                    \
    type name parameters                                                                                               \
    {                                                                                                                  \
        ready();                                                                                                       \
        return libp11_kit.name arguments;                                                                              \
    }
#define PROCEDURE(name, parameters, arguments)                                                                         \
    void name parameters                                                                                               \
    {                                                                                                                  \
        ready();                                                                                                       \
        libp11_kit.name arguments;                                                                                     \
    }
#include "libraries/libp11_kit.def"
