#include "agent/http/caller.h"

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
