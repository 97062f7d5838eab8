// Paths with ids in them. The ids' characters are all unreserved (RFC 3986 section 2.3), so nothing needs
// escaping.
#include "aps/path.h"

#include "aps/answer.h"
#include "core/text.h"

static bool check(const char *kind, const char *id, struct ssa_error *err)
{
    return aps_is_id(id) || (error_set(err, SSA_USAGE, NULL, id, "is no %s's id", kind),
                             error_hint(err, "An id holds letters, digits, dots, dashes and underscores."));
}

bool path_of_account(const char *account, const char *rest, char path[static CALL_PATH_MAX],
                     struct ssa_error *err)
{
    return check("account", account, err) &&
           (text_format(path, CALL_PATH_MAX, "/service-accounts/%s%s", account, rest) ||
            error_set(err, SSA_USAGE, NULL, account, "is too long for an account's id"));
}

bool path_of_key(const char *account, const char *kid, char path[static CALL_PATH_MAX], struct ssa_error *err)
{
    char rest[sizeof "/keys/" + APS_ID_MAX];
    return check("key", kid, err) &&
           (text_format(rest, sizeof rest, "/keys/%s", kid) ||
            error_set(err, SSA_USAGE, NULL, kid, "is too long for a key's id")) &&
           path_of_account(account, rest, path, err);
}
