#include "core/live_secrets.h"

size_t live_secrets;

bool __wrap_secret_new(struct secret *s, size_t capacity, struct ssa_error *err)
{
    const bool made = __real_secret_new(s, capacity, err);
    live_secrets += made ? 1 : 0;
    return made;
}

void __wrap_secret_free(struct secret *s)
{
    live_secrets -= s->data != NULL ? 1 : 0;
    __real_secret_free(s);
}
