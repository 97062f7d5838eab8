// What settling has in common: the API's client, made when it is first needed.
#include "manage/recovery.h"

#include "core/tell.h"
#include "core/text.h"

static const char scopes[] =
    APS_SCOPE_ACCOUNT_READ " " APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_KEY_WRITE;

void recovery_end(struct recovery *r)
{
    aps_free(r->client);
    r->client = NULL;
    client_secret_free(&r->secret);
    token_close(&r->opened.token);
}

struct open_token *recovery_opened(struct recovery *r)
{
    return r->opened.token != NULL ? &r->opened : NULL;
}

void recovery_note(const struct ssa_run *run, struct journal *j, const char *line)
{
    (void)text_format(j->entry->note, sizeof j->entry->note, "%.400s", line);
    tell(&run->callbacks, SSA_NOTICE, "`%s` of %s: %s", operation_name(j->entry->operation),
         entry_subject(j->entry), line);
}

bool recovery_close(const struct ssa_run *run, struct journal *j, enum outcome outcome, const char *line)
{
    recovery_note(run, j, line);
    journal_close(j, outcome);
    return true;
}

bool recovery_client(struct recovery *r, struct ssa_error *err)
{
    if (r->client != NULL)
        return true;
    return client_secret_read(r->run, &r->secret, OTHER_TOKEN_PERHAPS, &r->opened, err) &&
           api_client_open(r->run, &r->secret, &r->client, err) && aps_admin(r->client, scopes, err);
}
