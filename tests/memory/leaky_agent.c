// The agent with a leak, which the proof must find: linked with --wrap=access_new, it keeps a copy of an access token.
#include <stdlib.h>
#include <string.h>

#include "agent/cache/access.h"

struct access *__real_access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                                 struct ssa_error *err);
struct access *__wrap_access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                                 struct ssa_error *err);

static void *kept;

struct access *__wrap_access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                                 struct ssa_error *err)
{
    void *copy = malloc(token.len);
    if (copy == NULL)
        abort();
    memcpy(copy, token.data, token.len);
    free(kept);
    kept = copy;
    return __real_access_new(token, scope, obtained_ms, lifetime_s, err);
}
