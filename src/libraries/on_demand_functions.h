// The functions of one library on demand. A file that includes this has defined CALLED, the library's name in messages,
// LIBRARY_FILE, and FUNCTIONS, the file with FUNCTION and PROCEDURE for each function; and it has the library's
// headers.
#include <pthread.h>

#include "libraries/on_demand.h"

static void *library;

// The real functions, under their own names.
static struct {
// NOLINTBEGIN(bugprone-macro-parentheses): it is a field's name
#define FUNCTION(type, name, parameters, arguments) __typeof__(&(name)) name;
#define PROCEDURE(name, parameters, arguments)      __typeof__(&(name)) name;
// NOLINTEND(bugprone-macro-parentheses)
#include FUNCTIONS
#undef FUNCTION
#undef PROCEDURE
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    library = on_demand_load(CALLED, LIBRARY_FILE);
#define FUNCTION(type, name, parameters, arguments) on_demand_find(library, CALLED, #name, &real.name);
#define PROCEDURE(name, parameters, arguments)      on_demand_find(library, CALLED, #name, &real.name);
#include FUNCTIONS
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
        return real.name arguments;                                                                                    \
    }
#define PROCEDURE(name, parameters, arguments)                                                                         \
    void name parameters                                                                                               \
    {                                                                                                                  \
        ready();                                                                                                       \
        real.name arguments;                                                                                           \
    }
#include FUNCTIONS
#undef FUNCTION
#undef PROCEDURE
