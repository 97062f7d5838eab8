#include "libraries/on_demand.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "core/error.h"
#include "core/late_library.h"
#include "core/text.h"

static _Noreturn void give_up(const char *called, const char *why)
{
    char text[512];
    text_harmless(text, sizeof text, span_text(why));
    (void)dprintf(STDERR_FILENO, "ssa-hsm: %s cannot be loaded (%s)\n", called, text);
    _exit(SSA_UNEXPECTED);
}

void *on_demand_load(const char *called, const char *file)
{
    // Most of what it has is never called: to look up all that this needs takes longer.
    void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL)
        give_up(called, dlerror());
    return library;
}

void on_demand_find(void *library, const char *called, const char *name, void *function)
{
    if (!late_library_find(library, name, function))
        give_up(called, dlerror());
}
