// What can be known about a key without its PKCS#11 token's PIN.
#include "manage/key_evidence.h"

#include "core/callback.h"
#include "core/text.h"
#include "manage/admin_client.h"

static const char scopes[] = APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

static bool ask_api(struct evidence *e, struct ssa_error *err)
{
    struct aps_keys keys;
    APS_AUTO *client = NULL;
    if (!admin_client_open(e->run, scopes, &client, err))
        return false;
    if (!aps_key_list(client, e->own.account_id, &keys, err)) {
        aps_explain_keys(client, e->own.account_id, false, err);
        return false;
    }
    e->api.base_url = settings_base_url(e->run->settings);
    e->api.client_id = settings_get(e->run->settings, SET_CLIENT_ID, NULL);
    e->api.server_time = oauth_server_time(client);
    const struct aps_key *key = aps_key_in(&keys, e->own.key_id);
    e->api.listed = key != NULL;
    if (key != NULL)
        e->api.key = *key;
    if (key == NULL)
        tell(&e->run->callbacks, SSA_WARNING, "the API does not know the key %s", e->own.key_id);
    else if (strcmp(key->status, APS_ENABLED) != 0)
        tell(&e->run->callbacks, SSA_WARNING, "at the API the key %s is %s", e->own.key_id, key->status);
    return true;
}

struct search {
    const char *account, *kid;
    struct key_origin *origin;
};

static bool brought_in(const struct search *s, const struct entry *e)
{
    return (e->operation == OP_ACCOUNT_CREATE || e->operation == OP_KEY_CREATE || e->operation == OP_KEY_IMPORT ||
            e->operation == OP_KEY_ROTATE) &&
           strcmp(e->kid, s->kid) == 0 && strcmp(e->account, s->account) == 0;
}

static void take(const struct search *s, const char *id, const struct entry *e)
{
    *s->origin = (struct key_origin){
        .known = true, .operation = e->operation, .started = e->started, .ended = e->ended, .sequence = e->sequence};
    memcpy(s->origin->import, e->import, sizeof s->origin->import);
    if (!text_format(s->origin->id, sizeof s->origin->id, "%s", id))
        *s->origin = (struct key_origin){0};
}

static bool visit_closed(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    const struct search *s = context;
    (void)err;
    if (e->outcome != OUTCOME_DONE || !brought_in(s, e))
        return true;
    take(s, id, e);
    if (!journal_hash_closed(id, s->origin->sha256, ERROR_IGNORED))
        s->origin->sha256[0] = '\0';
    return true;
}

static bool visit_open(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    const struct search *s = context;
    (void)err;
    if (standing == WAITING && brought_in(s, j->entry))
        take(s, j->id, j->entry);
    return true;
}

// Finds the operation that put the key on the token. It is not an error where there is none, or the audit trail cannot
// be read: the key may have been imported elsewhere.
static void find_origin(const struct ssa_run *run, const char *account, const char *kid, struct key_origin *origin)
{
    struct search s = {.account = account, .kid = kid, .origin = origin};
    struct ssa_error ignored = {0};
    *origin = (struct key_origin){0};
    if (!journal_each_closed(run, visit_closed, &s, &ignored) || origin->known || !journal_may_hold_any())
        return;
    if (!journal_each_open(run, visit_open, &s, NULL, &ignored))
        *origin = (struct key_origin){0};
}

bool evidence_gather(struct evidence *e, const struct token *token, struct ssa_error *err)
{
    token_about(token, &e->about);
    find_origin(e->run, e->own.account_id, e->own.key_id, &e->origin);
    return !e->wanted->ask_api || ask_api(e, err);
}
