#include "manage/admin_client.h"

#include "journal/journal.h"

bool admin_client_open_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                            struct oauth_client **client, struct ssa_error *err)
{
    if (!api_client_open(run, secret, client, err) || !aps_admin(*client, scopes, err))
        return false;
    journal_warn(run);
    return true;
}

bool admin_client_open(const struct ssa_run *run, const char *scopes, struct oauth_client **client,
                       struct ssa_error *err)
{
    CLIENT_SECRET_AUTO secret = {0};
    return client_secret_read(run, &secret, OTHER_TOKEN_NONE, NULL, err) &&
           admin_client_open_with(run, scopes, &secret, client, err);
}
