// The options that token, jwt and exec share.
#include "cli/request.h"

#include "journal/journal.h"

enum { LIFETIME_LEAST = 1, LIFETIME_MOST = 300 };

bool request_read(const struct arguments *a, struct ssa_token_request *request, struct ssa_error *err)
{
    *request = (struct ssa_token_request){.scope = a->values[OPT_SCOPE], .not_before = a->given[OPT_NBF]};
    return !a->given[OPT_EXPIRES_IN] ||
           parse_seconds(a->values[OPT_EXPIRES_IN], option_table[OPT_EXPIRES_IN].name, LIFETIME_LEAST,
                         LIFETIME_MOST, &request->lifetime, err);
}

bool fetch_grant(const struct invocation *i, const struct ssa_token_request *request, struct ssa_grant *grant,
                 struct ssa_error *err)
{
    if (!ssa_fetch(&i->run, request, grant, err))
        return false;
    journal_warn(&i->run);
    return true;
}
