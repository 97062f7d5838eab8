// key prune: destroys keys on PKCS#11 tokens that the API does not have any more. Only keys that this client id has
// made on this server are destroyed: for another client id, every key seems unknown.
#include <errno.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/key/locate.h"
#include "journal/closed_entry.h"
#include "manage/admin_client.h"
#include "ownership/ownership.h"
#include "ownership/profile_files.h"
#include "recovery/recovery.h"
#include "signer/open_token.h"

// The keys that were made on this host, as the audit trail says.
struct made_keys {
    const struct ssa_run *run;
    struct entry *list;
    size_t count;
};

static void made_keys_free(struct made_keys *made)
{
    free(made->list);
}
#define MADE_KEYS_AUTO __attribute__((cleanup(made_keys_free))) struct made_keys

static bool makes_a_key(enum operation operation)
{
    return operation == OP_ACCOUNT_CREATE || operation == OP_KEY_CREATE || operation == OP_KEY_ROTATE;
}

static bool add_made_key(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    struct made_keys *made = context;
    if (!makes_a_key(e->operation) || e->kid[0] == '\0' || e->key_uri[0] == '\0' ||
        !journal_entry_is_ours(e, made->run->settings))
        return true;
    // A damaged entry may name a wrong key: one that is in use.
    if (!e->vouched) {
        tell(&made->run->callbacks, SSA_WARNING,
             "%s is of an earlier version, and nothing shows that it was not changed: its key %s is not looked at", id,
             e->kid);
        return true;
    }
    struct entry *grown = reallocarray(made->list, made->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the history");
    made->list = grown;
    made->list[made->count++] = *e;
    return true;
}

static int by_account_and_token(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    const int account = strcmp(x->account, y->account);
    return account != 0 ? account : strcmp(x->token, y->token);
}

// A prune under way, with the account whose keys were listed last, and the PKCS#11 token that is open.
struct pruning {
    const struct ssa_run *run;
    bool yes;
    struct oauth_client *client;
    char account[API_ID_MAX], token[URI_TEXT_MAX];
    struct aps_keys keys;
    struct open_token secrets; // the token from which the client secret was read
    struct open_token own;     // the token of a key, where it is another one
    struct open_token *to;     // the one of the two that has the key; NULL before the first key
    size_t found, destroyed;
};

static void close_own_token(struct pruning *p)
{
    open_token_close(&p->own);
    p->own = (struct open_token){0};
}

static void pruning_free(struct pruning **pruning)
{
    struct pruning *p = *pruning;
    if (p == NULL)
        return;
    close_own_token(p);
    open_token_close(&p->secrets);
    oauth_client_free(p->client);
    free(p);
}
#define PRUNING_AUTO __attribute__((cleanup(pruning_free))) struct pruning

static bool list_keys_of(struct pruning *p, const char *account, struct ssa_error *err)
{
    if (strcmp(p->account, account) == 0)
        return true;
    if (!aps_key_list(p->client, account, &p->keys, err) && !aps_is_gone(err))
        return false;
    // A list without a key that is in use here is wrong, also about the other keys.
    if (!believed_keys(p->run, account, NULL, &p->keys, err))
        return false;
    return text_format(p->account, sizeof p->account, "%s", account) ||
           error_set(err, SSA_UNEXPECTED, NULL, account, "the account's id is too long");
}

static bool open_token_of(struct pruning *p, const struct entry *e, struct ssa_error *err)
{
    if (p->to != NULL && p->to->token != NULL && strcmp(p->token, e->token) == 0)
        return true;
    close_own_token(p);
    memcpy(p->token, e->token, sizeof p->token);
    return opened_or_again(p->run, &p->secrets, e->key_uri, &p->own, &p->to, err);
}

static bool confirmed(const struct pruning *p, const struct entry *e)
{
    return p->yes ||
           callback_confirms(&p->run->callbacks,
                             "Destroy key %s (account %s) on token \"%s\"? The API does not have it any more.", e->kid,
                             e->account, token_info(p->to->token)->label);
}

static bool destroy(struct pruning *p, const struct entry *e, struct key *key, uint8_t slot, struct ssa_error *err)
{
    JOURNAL_AUTO audit = {.fd = -1};
    const struct key_name name = {.kid = e->kid, .label = e->label, .slot = slot};
    if (!audit_begin(&audit, p->run, OP_KEY_PRUNE, e->account, e->kid, err))
        return false;
    memcpy(audit.entry->token, e->token, sizeof audit.entry->token);
    const bool done = open_token_officer(p->to, p->run, err) && destroy_key(p->to->token, &name, key, err);
    if (!audit_end(&audit, done, err))
        return false;
    p->destroyed++;
    tell(&p->run->callbacks, SSA_NOTICE, "key %s is destroyed on token \"%s\"", e->kid,
         token_info(p->to->token)->label);
    return true;
}

// Whether the key on the open token may be destroyed.
static OWN_FRAME bool may_prune(struct pruning *p, const struct entry *e, const struct key *key)
{
    struct ssa_error why = {0};
    if (ownership_key_may_go(p->run, e, e->kid, key, &why))
        return true;
    tell(&p->run->callbacks, SSA_NOTICE, "key %s is left on token \"%s\": %s (%s)", e->kid,
         token_info(p->to->token)->label, why.what, why.subject);
    return false;
}

static bool prune_on_token(struct pruning *p, const struct entry *e, struct ssa_error *err)
{
    struct key key;
    uint8_t slot = 0;
    enum located located;
    URI_AUTO *uri = NULL;
    if (!uri_parse(e->key_uri, &uri, err))
        return false;
    if (!key_locate(p->to->token, uri, e->kid, &key, &slot, &located, err))
        return false;
    if (located != LOCATED || !may_prune(p, e, &key))
        return true;
    p->found++;
    return !confirmed(p, e) || destroy(p, e, &key, slot, err);
}

static bool prune(struct pruning *p, const struct entry *e, struct ssa_error *err)
{
    if (!list_keys_of(p, e->account, err))
        return false;
    if (aps_key_in(&p->keys, e->kid) != NULL)
        return true;
    if (open_token_of(p, e, err))
        return prune_on_token(p, e, err);
    // The token may not be plugged in: then its keys are not pruned.
    tell(&p->run->callbacks, SSA_NOTICE, "the token of key %s is not looked at: %s", e->kid, err->what);
    return err->code == SSA_ABSENT;
}

static OWN_FRAME bool prune_all(struct pruning *p, const struct made_keys *made, struct ssa_error *err)
{
    CLIENT_SECRET_AUTO secret = {0};
    profile_files_tell_strays(p->run);
    if (!client_secret_read(p->run, &secret, OTHER_TOKEN_PERHAPS, &p->secrets, err))
        return false;
    if (!admin_client_open_with(p->run, APS_SCOPE_KEY_READ, &secret, &p->client, err))
        return false;
    for (size_t i = 0; i < made->count; i++)
        if (!prune(p, &made->list[i], err))
            return false;
    return true;
}

bool ssa_key_prune(const struct ssa_run *run, bool yes, size_t *found, size_t *destroyed, struct ssa_error *err)
{
    const char *client_id = NULL;
    MADE_KEYS_AUTO made = {.run = run};
    PRUNING_AUTO *p = NULL;
    err = ERROR_OR_IGNORED(err);
    *found = *destroyed = 0;
    if (!client_id_read(run, &client_id, err) || !journal_each_closed(run, add_made_key, &made, err))
        return false;
    if (made.count == 0)
        return true;
    qsort(made.list, made.count, sizeof *made.list, by_account_and_token);
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the keys");
    p->run = run;
    p->yes = yes;
    const bool pruned = prune_all(p, &made, err);
    *found = p->found;
    *destroyed = p->destroyed;
    if (!pruned || p->destroyed == p->found)
        return pruned;
    return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, NULL,
                         "%zu of %zu keys are not destroyed: you did not confirm", p->found - p->destroyed, p->found);
}
