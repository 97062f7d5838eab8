#include "agent/cache/scope_set.h"

#include <stdlib.h>

#include "oauth/scope.h"

_Static_assert(ACCESS_SCOPE_MAX >= SCOPE_MAX, "normalised scopes fit");

// The API knows some twenty names; one of them may have a URN behind it.
enum { NAMES_MAX = 256 };

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool scope_set(const char *text, char out[static ACCESS_SCOPE_MAX], const struct ssa_callbacks *callbacks,
               struct ssa_error *err)
{
    char found[ACCESS_SCOPE_MAX];
    const char *names[NAMES_MAX];
    size_t count = 0, used = 0;
    if (!scope_normalise(text, found, callbacks, err))
        return false;
    char *rest = found;
    for (const char *name; (name = strsep(&rest, " ")) != NULL; names[count++] = name)
        if (count == NAMES_MAX)
            return error_set(err, SSA_USAGE, NULL, NULL, "there are more than %d scopes", NAMES_MAX);
    qsort(names, count, sizeof names[0], compare);
    // It is as long as before.
    for (size_t i = 0; i < count; i++) {
        const size_t len = strlen(names[i]);
        memcpy(out + used, names[i], len);
        used += len;
        out[used++] = i + 1 < count ? ' ' : '\0';
    }
    return true;
}

// Whether allowed, separated by single spaces, has the name.
static bool listed(const char *allowed, const char *name, size_t len)
{
    for (const char *at = allowed; *at != '\0';) {
        const size_t one = strcspn(at, " ");
        if (one == len && memcmp(at, name, len) == 0)
            return true;
        at += one;
        at += strspn(at, " ");
    }
    return false;
}

bool scope_within(const char *wanted, const char *allowed)
{
    static const char separators[] = ", \t\n";
    for (const char *at = wanted + strspn(wanted, separators); *at != '\0'; at += strspn(at, separators)) {
        const size_t len = strcspn(at, separators);
        if (!listed(allowed, at, len))
            return false;
        at += len;
    }
    return true;
}
