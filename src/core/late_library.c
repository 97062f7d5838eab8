#include "core/late_library.h"

#include <dlfcn.h>

#include "core/text.h"

bool late_library_find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    // POSIX lets a function's address go through void *.
    *(void **)function = found;
    return found != NULL;
}

void late_library_load(struct late_library *library)
{
    // Most functions of what it brings are never called: to look up all of them takes milliseconds.
    void *loaded = dlopen(library->file, RTLD_LAZY | RTLD_LOCAL);
    const char *failed = loaded == NULL ? dlerror() : NULL;
    library->loaded = loaded != NULL && library->find(loaded);
    if (library->loaded)
        return;
    if (failed != NULL)
        text_harmless(library->why, sizeof library->why, span_text(failed));
    else
        (void)text_format(library->why, sizeof library->why, "%s lacks functions", library->file);
}
