#include "recovery/recovery.h"

#include "core/callback.h"
#include "signer/secret_token.h"

static const char scopes[] =
    APS_SCOPE_ACCOUNT_READ " " APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_KEY_WRITE;

void opened_end(struct opened *open)
{
    oauth_client_free(open->client);
    open->client = NULL;
    client_secret_free(&open->secret);
    open_token_close(&open->to);
}

bool opened_client(struct opened *open, struct ssa_error *err)
{
    if (open->client != NULL)
        return true;
    return client_secret_read(open->run, &open->secret, OTHER_TOKEN_PERHAPS, &open->to, err) &&
           api_client_open(open->run, &open->secret, &open->client, err) && aps_admin(open->client, scopes, err);
}

struct key_name opened_key_name(const struct entry *entry, uint8_t slot)
{
    return (struct key_name){.kid = entry->kid,
                             .email = entry->email,
                             .label = entry->label,
                             .slot = slot,
                             .replaces = entry->slot_was_used};
}

struct profile_block opened_block(const struct opened *open, const struct entry *entry)
{
    const bool with_key = entry != NULL && entry->kid[0] != '\0';
    bool literal = false;
    const char *secret = client_secret_in_profile(open->run, &open->secret, &literal);
    return (struct profile_block){.client_id = entry != NULL ? entry->client_id : open->client_id,
                                  .secret = secret,
                                  .secret_is_literal = literal,
                                  .account_id = entry != NULL ? entry->account : "",
                                  .email = entry != NULL ? entry->email : "",
                                  .key_id = with_key ? entry->kid : NULL,
                                  .private_key = with_key ? entry->key_uri : NULL};
}

bool opened_or_again(const struct ssa_run *run, struct open_token *opened, const char *text, struct open_token *own,
                     struct open_token **to, struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    if (!uri_parse(text, &uri, err))
        return false;
    const bool is_open = opened->token != NULL && token_matches(opened->token, uri);
    *to = is_open ? opened : own;
    own->pin.tries = opened->pin.tries;
    return is_open || open_token_again(run, text, opened, own, err);
}

static enum ssa_end end_of(enum outcome outcome)
{
    if (outcome == OUTCOME_UNDONE)
        return SSA_END_UNDONE;
    return outcome == OUTCOME_LEFT ? SSA_END_LEFT : SSA_END_PLAIN;
}

void recovery_note(const struct recovery *r, struct journal *j, enum ssa_reason reason, const char *line)
{
    if (r->known != NULL) {
        (void)ending_add(r->ending, SSA_END_PLAIN, reason, NULL, NULL, "%s", line);
        return;
    }
    entry_note(j->entry, line);
    tell_reason(&r->open->run->callbacks, SSA_NOTICE, reason, NULL, "`%s` of %s: %s",
                entry_operation_name(j->entry->operation), entry_subject(j->entry), line);
}

bool recovery_close(const struct recovery *r, struct journal *j, enum outcome outcome, const char *line)
{
    // A person who waits for the command was told about its parts already.
    if (r->known == NULL || r->ending->count == 0)
        recovery_note(r, j, SSA_REASON_NONE, line);
    if (r->stays_open)
        return false;
    if (end_of(outcome) > r->ending->how)
        r->ending->how = end_of(outcome);
    journal_close(j, outcome);
    return true;
}
