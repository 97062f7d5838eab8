#include "oauth/scope.h"

#include "core/callback.h"
#include "core/text.h"

// From the provider's published description. The list grows, so an unknown name is not an error.
static const char *const known[] = {
    "user:read",
    "user:write",
    "user-profile:read",
    "viewables:read",
    "data:read",
    "data:write",
    "data:create",
    "data:search",
    "bucket:create",
    "bucket:read",
    "bucket:update",
    "bucket:delete",
    "code:all",
    "account:read",
    "account:write",
    "openid",
    "application:service_account:read",
    "application:service_account:write",
    "application:service_account_key:read",
    "application:service_account_key:write",
};
static bool is_known(const char *name)
{
    static const char with_urn[] = "data:read:";
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return strncmp(name, with_urn, sizeof with_urn - 1) == 0;
}

static void warn_unknown(const char *name, const struct ssa_callbacks *callbacks)
{
    const char *near = text_nearest(name, known, COUNT(known));
    tell(callbacks, SSA_WARNING, "unknown scope \"%s\"%s%s%s", name, near != NULL ? "; did you mean \"" : "",
         near != NULL ? near : "", near != NULL ? "\"?" : "");
}

// Whether list, separated by spaces, has the name.
static bool listed(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at++)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

bool scope_normalise(const char *text, char out[static SCOPE_MAX], const struct ssa_callbacks *callbacks,
                     struct ssa_error *err)
{
    static const char separators[] = ", \t\n";
    char name[SCOPE_MAX];
    out[0] = '\0';
    for (const char *at = text + strspn(text, separators); *at != '\0'; at += strspn(at, separators)) {
        const size_t len = strcspn(at, separators);
        if (!text_format(name, sizeof name, "%.*s", (int)len, at))
            return error_set(err, SSA_USAGE, NULL, NULL, "the scope is longer than %u characters", SCOPE_MAX);
        at += len;
        // RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E.
        for (const char *c = name; *c != '\0'; c++)
            if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
                return error_because(err, SSA_USAGE, SSA_REASON_SCOPE_SPELLING, name,
                                     "contains a character that is not allowed in a scope");
        if (listed(out, name))
            continue;
        if (!is_known(name))
            warn_unknown(name, callbacks);
        const size_t used = strlen(out);
        if (!text_format(out + used, SCOPE_MAX - used, "%s%s", used > 0 ? " " : "", name))
            return error_set(err, SSA_USAGE, NULL, NULL, "the scope is longer than %u characters", SCOPE_MAX);
    }
    return out[0] != '\0' || error_set(err, SSA_USAGE, NULL, NULL, "the scope is empty");
}
