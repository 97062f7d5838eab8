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

// Each symbol of what a library brings is looked up in all that comes before it. What is loaded alone before looks into
// itself, which matters for those that have many symbols. One that is not there is not missed.
static void load_alone(const char *const *files)
{
    for (; files != NULL && *files != NULL; files++)
        (void)dlopen(*files, RTLD_LAZY | RTLD_LOCAL);
}

// Returns why it cannot be used, or NULL.
static const char *load(const struct late_library *library)
{
    // Most functions of what it brings are never called: to look up all of them takes milliseconds.
    load_alone(library->brings);
    void *loaded = dlopen(library->file, RTLD_LAZY | RTLD_LOCAL);
    if (loaded == NULL)
        return dlerror();
    if (!library->find(loaded))
        return "it lacks functions";
    return library->begin != NULL ? library->begin() : NULL;
}

bool late_library_ready(struct late_library *library, struct ssa_error *err)
{
    (void)pthread_mutex_lock(&library->mutex);
    if (!library->tried) {
        const char *why = load(library);
        library->tried = true;
        library->ready = why == NULL;
        text_harmless(library->why, sizeof library->why, span_text(why != NULL ? why : ""));
    }
    (void)pthread_mutex_unlock(&library->mutex);
    return library->ready ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "%s cannot be loaded: %s", library->name, library->why);
}
