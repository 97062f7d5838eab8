// The API's client that a command about accounts and keys works with.
#include "manage/admin_client.h"

#include "journal/journal.h"

bool manage_begin_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                       struct aps **client, struct ssa_error *err)
{
    if (!api_client_open(run, secret, client, err) || !aps_admin(*client, scopes, err))
        return false;
    journal_warn(run);
    return true;
}

bool manage_begin(const struct ssa_run *run, const char *scopes, struct aps **client, struct ssa_error *err)
{
    CLIENT_SECRET_AUTO secret = {0};
    return client_secret_read(run, &secret, OTHER_TOKEN_NONE, NULL, err) &&
           manage_begin_with(run, scopes, &secret, client, err);
}
