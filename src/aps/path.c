// Paths with ids in them. All characters of an id are unreserved (RFC 3986 section 2.3), so nothing is
// escaped.
#include "aps/path.h"

#include "core/api.h"
#include "core/text.h"

static bool check(const char *kind, const char *id, struct ssa_error *err)
{
    if (api_is_id(id))
        return true;
    error_set(err, SSA_USAGE, NULL, id, "is not a valid %s id", kind);
    return error_hint(err, "An id consists of letters, digits, dots, dashes and underscores.");
}

bool path_of_account(const char *account, const char *rest, char path[static CALL_PATH_MAX], struct ssa_error *err)
{
    return check("account", account, err) &&
           (text_format(path, CALL_PATH_MAX, "/service-accounts/%s%s", account, rest) ||
            error_set(err, SSA_USAGE, NULL, account, "is too long for an account id"));
}

bool path_of_key(const char *account, const char *kid, char path[static CALL_PATH_MAX], struct ssa_error *err)
{
    char rest[sizeof "/keys/" + API_ID_MAX];
    return check("key", kid, err) &&
           (text_format(rest, sizeof rest, "/keys/%s", kid) ||
            error_set(err, SSA_USAGE, NULL, kid, "is too long for a key id")) &&
           path_of_account(account, rest, path, err);
}
