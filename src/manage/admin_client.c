#include "manage/admin_client.h"

#include "core/text.h"

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

bool audit_begin(struct journal *j, const struct ssa_run *run, enum operation operation, const char *account,
                 const char *kid, struct ssa_error *err)
{
    if (!journal_begin(j, run, operation, err))
        return false;
    if (!text_format(j->entry->account, sizeof j->entry->account, "%s", account) ||
        !text_format(j->entry->kid, sizeof j->entry->kid, "%s", kid != NULL ? kid : ""))
        return error_set(err, SSA_CONFIG, NULL, account, "the id is too long for the journal");
    return journal_step(j, STEP_ASKED, err);
}

bool audit_end(struct journal *j, bool done, const struct ssa_error *err)
{
    if (!done)
        entry_note(j->entry, err->what);
    // Without an answer it is not known whether the request was carried out.
    journal_close(j, done ? OUTCOME_DONE : err->code == SSA_NETWORK ? OUTCOME_UNKNOWN : OUTCOME_FAILED);
    return done;
}
