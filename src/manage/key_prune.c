// Destroying what tokens still hold of keys that the API does not know any more. Only of keys that this
// client id made on this server: to another, every key looks unknown.
#include <errno.h>
#include <stdlib.h>

#include "core/tell.h"
#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/key/locate.h"
#include "journal/audit.h"
#include "manage/account_reference.h"
#include "manage/ownership.h"
#include "manage/profile_files.h"
#include "manage/uses.h"
#include "signer/api_client.h"

// What the audit trail says was made here.
struct trail {
    const struct ssa_run *run;
    struct entry *list;
    size_t count;
};

static void trail_free(struct trail *trail)
{
    free(trail->list);
}

static bool makes_a_key(enum operation operation)
{
    return operation == OP_ACCOUNT_CREATE || operation == OP_KEY_CREATE || operation == OP_KEY_ROTATE;
}

static bool add(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    struct trail *trail = context;
    if (!makes_a_key(e->operation) || e->kid[0] == '\0' || e->key_uri[0] == '\0' ||
        !entry_is_ours(e, trail->run->settings))
        return true;
    // A damaged one may name a key that never was, and the place of one that is used.
    if (!e->vouched) {
        tell(&trail->run->callbacks, SSA_WARNING,
             "%s is of an earlier version, and nothing vouches for it: its key %s is not looked at", id,
             e->kid);
        return true;
    }
    struct entry *grown = reallocarray(trail->list, trail->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the history");
    trail->list = grown;
    trail->list[trail->count++] = *e;
    return true;
}

// What is pruned: the account whose keys were asked for last, and the token that is open.
struct pruning {
    const struct ssa_run *run;
    bool yes;
    struct aps *client;
    char account[APS_ID_MAX], token[URI_TEXT_MAX];
    struct aps_keys keys;
    struct open_token opened; // the token that the client secret was read from
    struct open_token own;    // the token of a key, where that is another
    struct open_token *to;    // which of them holds the key; NULL before the first
    size_t found, destroyed;
};

static bool know_keys(struct pruning *p, const char *account, struct ssa_error *err)
{
    if (strcmp(p->account, account) == 0)
        return true;
    if (!aps_key_list(p->client, account, &p->keys, err) && !aps_is_gone(err))
        return false;
    // Where it lacks a key that is in use here, it says nothing of the others.
    if (!use_believes_keys(p->run, account, NULL, &p->keys, err))
        return false;
    return text_format(p->account, sizeof p->account, "%s", account);
}

static bool open_token_of(struct pruning *p, const struct entry *e, struct ssa_error *err)
{
    URI_AUTO *uri = NULL;
    if (!uri_parse(e->key_uri, &uri, err))
        return false;
    p->to = &p->opened;
    if (p->opened.token != NULL && token_matches(p->opened.token, uri))
        return true;
    p->to = &p->own;
    return open_token_again(p->run, e->key_uri, &p->own, err);
}

static bool know_token(struct pruning *p, const struct entry *e, struct ssa_error *err)
{
    if (p->to != NULL && p->to->token != NULL && strcmp(p->token, e->token) == 0)
        return true;
    token_close(&p->own.token);
    uri_free(&p->own.uri);
    p->own = (struct open_token){0};
    return text_format(p->token, sizeof p->token, "%s", e->token) && open_token_of(p, e, err);
}

static bool confirmed(const struct pruning *p, const struct entry *e)
{
    char question[SSA_ERROR_TEXT_MAX];
    if (p->yes)
        return true;
    (void)text_format(question, sizeof question,
                      "Destroy key %s (account %s) on token \"%s\"? The API does not know it any more.",
                      e->kid, e->account, token_info(p->to->token)->label);
    return confirms(&p->run->callbacks, question);
}

static bool destroy(struct pruning *p, const struct entry *e, struct key *key, uint8_t slot,
                    struct ssa_error *err)
{
    JOURNAL_AUTO audit = {.fd = -1};
    const struct key_name name = {.kid = e->kid, .label = e->label, .slot = slot};
    if (!audit_begin(&audit, p->run, OP_KEY_PRUNE, e->account, e->kid, err))
        return false;
    memcpy(audit.entry->token, e->token, sizeof audit.entry->token);
    const bool done = open_token_officer(p->to, p->run, err) && key_destroy(p->to->token, &name, key, err);
    if (!audit_end(&audit, done, err))
        return false;
    p->destroyed++;
    tell(&p->run->callbacks, SSA_NOTICE, "key %s is destroyed on token \"%s\"", e->kid,
         token_info(p->to->token)->label);
    return true;
}

static bool prune_one(struct pruning *p, const struct entry *e, struct ssa_error *err)
{
    struct key key;
    uint8_t slot = 0;
    enum located located;
    URI_AUTO *uri = NULL;
    struct ssa_error why = {0};
    for (size_t i = 0; i < p->keys.count; i++)
        if (strcmp(p->keys.list[i].kid, e->kid) == 0)
            return true;
    if (!know_token(p, e, err)) {
        // Another's drawer may hold it: what is not here is not pruned.
        tell(&p->run->callbacks, SSA_NOTICE, "the token of key %s is not looked at: %s", e->kid, err->what);
        return err->code == SSA_ABSENT;
    }
    if (!uri_parse(e->key_uri, &uri, err) ||
        !key_locate(p->to->token, uri, e->kid, &key, &slot, &located, err))
        return false;
    if (located != LOCATED)
        return true;
    if (!may_go(p->run, e, e->kid, &key, &why)) {
        tell(&p->run->callbacks, SSA_NOTICE, "key %s is left on token \"%s\": %s (%s)", e->kid,
             token_info(p->to->token)->label, why.what, why.subject);
        return true;
    }
    p->found++;
    return !confirmed(p, e) || destroy(p, e, &key, slot, err);
}

static int by_account_and_token(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    const int account = strcmp(x->account, y->account);
    return account != 0 ? account : strcmp(x->token, y->token);
}

bool ssa_key_prune(const struct ssa_run *run, bool yes, size_t *found, size_t *destroyed,
                   struct ssa_error *err)
{
    const char *client_id = NULL;
    *found = *destroyed = 0;
    APS_AUTO *client = NULL;
    __attribute__((cleanup(trail_free))) struct trail trail = {.run = run};
    if (!api_client_id(run, &client_id, err) || !history_each(run, add, &trail, err))
        return false;
    if (trail.count == 0)
        return true;
    profile_files_tell_strays(run);
    struct pruning p = {.run = run, .yes = yes};
    CLIENT_SECRET_AUTO secret = {0};
    bool ok = client_secret_read(run, &secret, OTHER_TOKEN_PERHAPS, &p.opened, err) &&
              manage_begin_with(run, APS_SCOPE_KEY_READ, &secret, &client, err);
    p.client = client;
    qsort(trail.list, trail.count, sizeof *trail.list, by_account_and_token);
    for (size_t i = 0; ok && i < trail.count; i++)
        ok = know_keys(&p, trail.list[i].account, err) && prune_one(&p, &trail.list[i], err);
    token_close(&p.own.token);
    uri_free(&p.own.uri);
    token_close(&p.opened.token);
    *found = p.found;
    *destroyed = p.destroyed;
    return ok;
}
